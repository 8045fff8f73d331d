import Foundation
import HTTPServer
import HTTPTypes
import Testing

@Suite struct ProblemDetailsTests {
  private let problem: ProblemDetails = {
    var problem = ProblemDetails(
      .unprocessableContent, code: "unknown_class", detail: "No such class.", param: "classes",
      extensions: ["suggestions": .lists(["Bagg": ["Bag"]]), "status": .integer(1)], retryAfter: 7)
    problem.requestID = "r1"
    return problem
  }()

  @Test func jsonHasSortedMembersAndNoRetryAfter() throws {
    let response = Response.problem(problem)
    guard case .bytes(let bytes) = response.body else {
      Issue.record("a problem has a body")
      return
    }
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == #"{"code":"unknown_class","detail":"No such class.","param":"classes","#
        + #""request_id":"r1","status":422,"suggestions":{"Bagg":["Bag"]},"#
        + #""title":"Unprocessable Content","type":"about:blank"}"#)
    #expect(response.status == .unprocessableContent)
    #expect(response.headers[.contentType] == "application/problem+json")
    #expect(response.headers[.retryAfter] == "7")
  }

  @Test func survivesARoundTrip() throws {
    var expected = problem
    expected.retryAfter = nil
    expected.extensions["status"] = nil
    expected.extensions["more"] = .object(["a": .array([.boolean(true), .integer(-3)])])
    let json = try JSONEncoder().encode(expected)
    #expect(try JSONDecoder().decode(ProblemDetails.self, from: json) == expected)
  }

  @Test func aStatusThatIsNoErrorIsSentAs500() {
    var problem = problem
    problem.status = 99999
    #expect(Response.problem(problem).status == .internalServerError)
  }
}
