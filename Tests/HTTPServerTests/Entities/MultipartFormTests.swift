import HTTPServer
import HTTPTypes
import Testing

@Suite struct MultipartFormTests {
  private func parts(
    _ body: String, type: String = "multipart/form-data; boundary=b"
  ) throws -> [MultipartForm.Part] {
    try MultipartForm(
      Request(
        method: .post, target: "/", headers: [.contentType: type], body: Array(body.utf8))
    ).parts
  }

  @Test func partsComeInOrderWithTheirNames() throws {
    let parts = try parts(
      "preamble\r\n--b \t\r\ncontent-disposition:form-data;name=a\r\n\r\n1\r\n2\r\n"
        + "--b\r\nX: y\r\nContent-Disposition: form-data; filename=\"a;\\\"b.png\"; name=\"é b\"\r\n"
        + "Content-Type: Image/PNG; x=y\r\n\r\n--c\r\n--b--\r\nepilogue")
    #expect(parts.map(\.name) == ["a", "é b"])
    #expect(parts.map(\.filename) == [nil, "a;\"b.png"])
    #expect(parts.map(\.mediaType) == [nil, "image/png"])
    #expect(parts.map { String(decoding: $0.content, as: UTF8.self) } == ["1\r\n2", "--c"])
  }

  @Test func emptyFormsAndPartsAreNone() throws {
    #expect(try parts("--b--").isEmpty)
    let empty = try parts("--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--b--\r\n")
    #expect(empty.count == 1 && empty[0].content.isEmpty)
  }

  @Test(arguments: [
    "", "x", "--b", "--bx\r\n", "--b\r\n", "--b\r\n\r\n--b--",
    "--b\r\nContent-Disposition: form-data\r\n\r\n\r\n--b--",
    "--b\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--b--",
    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
    "--b\r\nContent-Disposition: form-data; name=a\r\nx--b--",
    "--b\r\nX: " + String(repeating: "x", count: 9000) + "\r\n\r\n\r\n--b--",
    String(repeating: "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n", count: 33)
      + "--b--",
  ])
  func othersAreRefused(body: String) throws {
    let error = #expect(throws: ProblemDetails.self) { try parts(body) }
    #expect(error?.status == 400 && error?.code == "malformed_form")
  }

  @Test(arguments: [
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary",
    "multipart/form-data; boundary=" + String(repeating: "b", count: 71),
  ])
  func aBoundaryIsNeeded(type: String) throws {
    let error = #expect(throws: ProblemDetails.self) { try parts("--b--", type: type) }
    #expect(error?.code == "malformed_form")
  }
}
