import Foundation
import HTTPServer
import HTTPTypes
import Testing

/// Conditional and range requests of RFC 9110 over a real connection, by section.
@Suite struct EntityConformanceTests {
  struct Vector: Sendable, CustomTestStringConvertible {
    var testDescription: String { "§\(section) \(method) \(fields)" }
    let section: String
    var method = "GET"
    let fields: [String]
    let status: Int
    /// Fields that the answer must have, or with nil must not.
    var expects: [String: String?] = [:]
    /// The body; nil for none, or for a problem.
    var body: String? = nil
  }

  private static let all = "abcdefghijklmnopqrstuvwxyz"
  private static let then = "Sun, 06 Nov 1994 08:49:37 GMT"
  private static let before = "Sun, 06 Nov 1994 08:49:36 GMT"
  private static let later = "Sun, 06 Nov 1994 08:49:38 GMT"

  private static let vectors: [Vector] = [
    // Validators and metadata
    Vector(
      section: "8.8", fields: [], status: 200,
      expects: [
        "ETag": "\"t\"", "Last-Modified": then, "Accept-Ranges": "bytes", "Content-Length": "26",
        "Content-Type": "text/plain", "Content-Range": nil,
      ], body: all),
    Vector(
      section: "9.3.2", method: "HEAD", fields: ["Range: bytes=0-1"], status: 200,
      expects: ["Content-Length": "26", "ETag": "\"t\"", "Content-Range": nil]),
    // Preconditions
    Vector(section: "13.1.1", fields: ["If-Match: \"t\""], status: 200, body: all),
    Vector(section: "13.1.1", fields: ["If-Match: *"], status: 200, body: all),
    Vector(section: "13.1.1", fields: ["If-Match: \"x\", \"t\""], status: 200, body: all),
    Vector(section: "13.1.1", fields: ["If-Match: W/\"t\""], status: 412),
    Vector(section: "13.1.1", fields: ["If-Match: \"x\""], status: 412),
    Vector(section: "13.1.2", fields: ["If-None-Match: \"x\""], status: 200, body: all),
    Vector(section: "13.1.2", fields: ["If-None-Match: \"t\""], status: 304),
    Vector(section: "13.1.2", fields: ["If-None-Match: W/\"t\""], status: 304),
    Vector(section: "13.1.2", fields: ["If-None-Match: *"], status: 304),
    Vector(section: "13.1.2", method: "HEAD", fields: ["If-None-Match: *"], status: 304),
    Vector(section: "13.1.3", fields: ["If-Modified-Since: \(then)"], status: 304),
    Vector(section: "13.1.3", fields: ["If-Modified-Since: \(later)"], status: 304),
    Vector(section: "13.1.3", fields: ["If-Modified-Since: \(before)"], status: 200, body: all),
    Vector(section: "13.1.3", fields: ["If-Modified-Since: yesterday"], status: 200, body: all),
    Vector(section: "13.1.4", fields: ["If-Unmodified-Since: \(then)"], status: 200, body: all),
    Vector(section: "13.1.4", fields: ["If-Unmodified-Since: \(before)"], status: 412),
    Vector(section: "13.1.4", fields: ["If-Unmodified-Since: yesterday"], status: 200, body: all),
    Vector(
      section: "13.1.5", fields: ["Range: bytes=0-1", "If-Range: \"t\""], status: 206, body: "ab"),
    Vector(
      section: "13.1.5", fields: ["Range: bytes=0-1", "If-Range: \"x\""], status: 200, body: all),
    Vector(
      section: "13.1.5", fields: ["Range: bytes=0-1", "If-Range: W/\"t\""], status: 200, body: all),
    Vector(
      section: "13.1.5", fields: ["Range: bytes=0-1", "If-Range: \(then)"], status: 206, body: "ab"
    ),
    Vector(
      section: "13.1.5", fields: ["Range: bytes=0-1", "If-Range: \(later)"], status: 200,
      body: all),
    Vector(section: "13.1.5", fields: ["If-Range: \"x\""], status: 200, body: all),
    // Precedence
    Vector(
      section: "13.2.2", fields: ["If-Match: \"t\"", "If-Unmodified-Since: \(before)"],
      status: 200, body: all),
    Vector(
      section: "13.2.2", fields: ["If-None-Match: \"x\"", "If-Modified-Since: \(then)"],
      status: 200, body: all),
    Vector(
      section: "13.2.2", fields: ["If-Match: \"x\"", "If-None-Match: \"t\""], status: 412),
    Vector(
      section: "13.2.2", fields: ["If-None-Match: \"t\"", "Range: bytes=99-"], status: 304),
    Vector(
      section: "13.2.2", fields: ["If-Match: \"t\"", "Range: bytes=-2"], status: 206, body: "yz"),
    // Ranges
    Vector(
      section: "14.1.2", fields: ["Range: bytes=0-0"], status: 206,
      expects: ["Content-Range": "bytes 0-0/26", "Content-Length": "1"], body: "a"),
    Vector(
      section: "14.1.2", fields: ["Range: bytes=24-"], status: 206,
      expects: ["Content-Range": "bytes 24-25/26"], body: "yz"),
    Vector(
      section: "14.1.2", fields: ["Range: bytes=24-99"], status: 206,
      expects: ["Content-Range": "bytes 24-25/26"], body: "yz"),
    Vector(
      section: "14.1.2", fields: ["Range: bytes=-99"], status: 206,
      expects: ["Content-Range": "bytes 0-25/26"], body: all),
    Vector(section: "14.2", fields: ["Range: bytes=5-2"], status: 200, body: all),
    Vector(section: "14.2", fields: ["Range: lines=0-1"], status: 200, body: all),
    Vector(
      section: "14.2", fields: ["Range: bytes=0-1", "Range: bytes=4-5"], status: 200, body: all),
    Vector(
      section: "14.2", fields: ["Range: bytes=\((0..<17).map { "\($0)-" }.joined(separator: ","))"],
      status: 200, body: all),
    Vector(
      section: "15.3.7", fields: ["Range: bytes=2-3"], status: 206,
      expects: ["ETag": "\"t\"", "Last-Modified": then, "Content-Type": "text/plain"],
      body: "cd"),
    Vector(
      section: "15.3.7.2", fields: ["Range: bytes=2-5,4-8,9-9"], status: 206,
      expects: ["Content-Range": "bytes 2-9/26"], body: "cdefghij"),
    Vector(
      section: "15.3.7.2", fields: ["Range: bytes=30-40, 0-1"], status: 206,
      expects: ["Content-Range": "bytes 0-1/26"], body: "ab"),
    Vector(
      section: "15.4.5", fields: ["If-None-Match: \"t\""], status: 304,
      expects: [
        "ETag": "\"t\"", "Cache-Control": "private", "Vary": "Accept", "Content-Type": nil,
        "Content-Length": nil, "Last-Modified": nil,
      ]),
    Vector(
      section: "15.5.17", fields: ["Range: bytes=26-"], status: 416,
      expects: ["Content-Range": "bytes */26", "Content-Type": "application/problem+json"]),
    Vector(
      section: "15.5.17", fields: ["Range: bytes=-0,26-30"], status: 416,
      expects: ["Content-Range": "bytes */26"]),
  ]

  private static func entity() throws -> Entity {
    Entity(
      tag: try #require(EntityTag("t")), length: 26, mediaType: "text/plain",
      lastModified: Date(timeIntervalSince1970: 784_111_777),
      headers: [.cacheControl: "private", .vary: "Accept"]
    ) { Data(all.utf8.dropFirst(Int($0)).prefix(4)) }
  }

  @Test func vectorsHold() throws {
    let entity = try Self.entity()
    var router = Router()
    router.on(.get, "/") { request, _ in entity.response(to: request) }
    try TestServer.run(router) { port, _ in
      // One connection for all: every answer must be framed so that the next one is found.
      let client = try RawClient(port: port)
      for vector in Self.vectors {
        let fields = vector.fields.map { "\($0)\r\n" }.joined()
        try client.send("\(vector.method) / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        let reply = try client.reply(isHead: vector.method == "HEAD")
        let name: Comment = "\(vector.testDescription)"
        #expect(reply.status == vector.status, name)
        #expect(reply.isComplete, name)
        for (field, value) in vector.expects { #expect(reply[field] == value, "\(name) \(field)") }
        if let body = vector.body { #expect(reply.text == body, name) }
      }
    }
  }

  /// §14.6 and §15.3.7.2.
  @Test func severalRangesAreAMultipart() throws {
    let entity = try Self.entity()
    var router = Router()
    router.on(.get, "/") { request, _ in entity.response(to: request) }
    try TestServer.run(router) { port, _ in
      let client = try RawClient(port: port)
      for (range, expected) in [
        ("0-1,24-", ["0-1 ab", "24-25 yz"]), ("-2,0-0", ["24-25 yz", "0-0 a"]),
        ("20-21,0-2,10-10,2-4", ["20-21 uv", "0-4 abcde", "10-10 k"]),
        ("1-2, 99-, 4-5", ["1-2 bc", "4-5 ef"]),
      ] {
        let reply = try client.get("/", fields: "Range: bytes=\(range)\r\n")
        #expect(reply.status == 206)
        #expect(reply["Content-Range"] == nil)
        let type = try #require(reply["Content-Type"])
        let boundary = try #require(type.split(separator: "boundary=").last)
        #expect(type == "multipart/byteranges; boundary=\(boundary)")
        #expect((1...70).contains(boundary.utf8.count))
        let body = expected.enumerated().map { index, part in
          let words = part.split(separator: " ")
          return "\(index == 0 ? "" : "\r\n")--\(boundary)\r\nContent-Type: text/plain\r\n"
            + "Content-Range: bytes \(words[0])/26\r\n\r\n\(words[1])"
        }.joined()
        #expect(reply.text == body + "\r\n--\(boundary)--\r\n", "\(range)")
      }
    }
  }
}
