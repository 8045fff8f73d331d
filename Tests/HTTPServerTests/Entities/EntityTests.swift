import Foundation
import HTTPServer
import HTTPTypes
import Testing

@Suite struct EntityTests {
  private static let content = Array("0123456789".utf8)

  private func entity(_ content: [UInt8] = EntityTests.content) throws -> Entity {
    let tag = try #require(EntityTag("t"))
    return Entity(
      tag: tag, length: Int64(content.count), mediaType: "text/plain",
      headers: [.cacheControl: "no-cache", .contentDisposition: "attachment"]
    ) { offset in
      // A few at a time.
      Data(content[Int(offset)...].prefix(3))
    }
  }

  private func body(_ response: Response) throws -> String {
    guard case .pulled(let length, let read) = response.body else { return "" }
    var bytes = Data()
    while Int64(bytes.count) < length {
      let piece = try read(Int64(bytes.count))
      #expect(!piece.isEmpty)
      bytes += piece.prefix(Int(length) - bytes.count)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  struct Case: Sendable {
    let range: String
    let status: Int
    let body: String
    let contentRange: String?

    init(_ range: String, _ status: Int, _ body: String, _ contentRange: String? = nil) {
      self.range = range
      self.status = status
      self.body = body
      self.contentRange = contentRange
    }
  }

  @Test(arguments: [
    Case("bytes=0-3", 206, "0123", "bytes 0-3/10"),
    Case("bytes=9-", 206, "9", "bytes 9-9/10"),
    Case("bytes=0-", 206, "0123456789", "bytes 0-9/10"),
    Case("bytes=-3", 206, "789", "bytes 7-9/10"),
    Case("bytes=-99", 206, "0123456789", "bytes 0-9/10"),
    Case("bytes=-99999999999999999999", 206, "0123456789", "bytes 0-9/10"),
    Case("bytes=5-99999999999999999999", 206, "56789", "bytes 5-9/10"),
    Case("bytes=5-9223372036854775807", 206, "56789", "bytes 5-9/10"),
    Case("BYTES=0-0", 206, "0", "bytes 0-0/10"),
    Case("bytes=, 1-2 ,", 206, "12", "bytes 1-2/10"),
    Case("bytes=10-", 416, "", "bytes */10"),
    Case("bytes=9223372036854775807-", 416, "", "bytes */10"),
    Case("bytes=99999999999999999999-", 416, "", "bytes */10"),
    Case("bytes=-0", 416, "", "bytes */10"),
    Case("bytes=3-1", 200, "0123456789"),
    Case("bytes=0-1,1-4", 206, "01234", "bytes 0-4/10"),
    Case("bytes=5-6,-5,0-3,4-4", 206, "0123456789", "bytes 0-9/10"),
    Case("bytes=20-,3-4,-0", 206, "34", "bytes 3-4/10"),
    Case("bytes=10-11,-0,99-", 416, "", "bytes */10"),
    Case("bytes=0-1,4-3", 200, "0123456789"),
    Case("bytes=0-1,x", 200, "0123456789"),
    Case("bytes=" + (0..<17).map { "\($0)-\($0)" }.joined(separator: ","), 200, "0123456789"),
    Case("bytes=", 200, "0123456789"),
    Case("bytes=-", 200, "0123456789"),
    Case("bytes=+1-2", 200, "0123456789"),
    Case("bytes=1-+2", 200, "0123456789"),
    Case("bytes=1--2", 200, "0123456789"),
    Case("bytes=a-b", 200, "0123456789"),
    Case("bytes = 0-1", 200, "0123456789"),
    Case("items=0-1", 200, "0123456789"),
    Case("0-1", 200, "0123456789"),
    Case("", 200, "0123456789"),
  ])
  func range(_ test: Case) throws {
    let request = try Request(method: .get, target: "/", headers: [.range: test.range])
    let response = try entity().response(to: request)
    #expect(response.status.code == test.status)
    #expect(try body(response) == test.body)
    #expect(response.headers[.contentRange] == test.contentRange)
    #expect(response.headers[.acceptRanges] == "bytes")
  }

  @Test(arguments: [("bytes=0-", 416), ("bytes=-5", 200), ("bytes=-0", 416), ("bytes=0-0", 416)])
  func rangeOfNothing(_ range: String, _ status: Int) throws {
    let request = try Request(method: .get, target: "/", headers: [.range: range])
    #expect(try entity([]).response(to: request).status.code == status)
  }

  @Test func headIgnoresRange() throws {
    let request = try Request(method: .head, target: "/", headers: [.range: "bytes=0-1"])
    let response = try entity().response(to: request)
    #expect(response.status == .ok)
    guard case .pulled(10, _) = response.body else {
      Issue.record("HEAD needs the whole length")
      return
    }
  }

  @Test(arguments: [
    (HTTPRequest.Method.get, HTTPField.Name.ifNoneMatch, "\"t\"", 304),
    (.head, .ifNoneMatch, "\"t\"", 304),
    (.get, .ifNoneMatch, "\"a\", W/\"t\"", 304),
    (.get, .ifNoneMatch, "*", 304),
    (.post, .ifNoneMatch, "*", 412),
    (.get, .ifNoneMatch, "\"T\"", 200),
    (.get, .ifNoneMatch, "t", 200),
    (.get, .ifNoneMatch, "\"a\" x \"t\"", 200),
    (.get, .ifNoneMatch, "\"a,\",\"t", 200),
    (.get, .ifMatch, "\"t\"", 200),
    (.get, .ifMatch, "\"a\" , \"t\"", 200),
    (.get, .ifMatch, "*", 200),
    (.get, .ifMatch, "W/\"t\"", 412),
    (.get, .ifMatch, "\"a\"", 412),
    (.get, .ifMatch, "", 412),
  ])
  func condition(
    _ method: HTTPRequest.Method, _ name: HTTPField.Name, _ value: String, _ status: Int
  ) throws {
    let request = try Request(method: method, target: "/", headers: [name: value])
    #expect(try entity().response(to: request).status.code == status)
  }

  @Test(arguments: [
    ("\"t\"", 206), ("\"a\"", 200), ("W/\"t\"", 200), ("Sun, 06 Nov 1994 08:49:37 GMT", 200),
  ])
  func ifRange(_ value: String, _ status: Int) throws {
    let request = try Request(
      method: .get, target: "/", headers: [.range: "bytes=1-2", .ifRange: value])
    #expect(try entity().response(to: request).status.code == status)
  }

  @Test func notModifiedCarriesWhatCachesNeed() throws {
    let request = try Request(method: .get, target: "/", headers: [.ifNoneMatch: "\"t\""])
    let response = try entity().response(to: request)
    #expect(response.headers[.eTag] == "\"t\"")
    #expect(response.headers[.cacheControl] == "no-cache")
    #expect(response.headers[.contentDisposition] == nil)
  }

  @Test(arguments: ["a\"b", "a b", "é", "a\u{7F}"])
  func tagIsValidated(_ opaque: String) {
    #expect(EntityTag(opaque) == nil)
  }
}
