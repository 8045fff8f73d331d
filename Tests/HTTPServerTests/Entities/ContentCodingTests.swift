import Foundation
import HTTPServer
import Testing

@Suite struct ContentCodingTests {
  private static let text = String(repeating: "the same again, ", count: 500)

  private var router: Router {
    var router = Router()
    let bodies: [(String, String, String)] = [
      ("/text", "text/plain; charset=utf-8", Self.text), ("/json", "application/json", Self.text),
      ("/problem", "application/problem+json", Self.text), ("/svg", "image/svg+xml", Self.text),
      ("/png", "image/png", Self.text), ("/bytes", "application/octet-stream", Self.text),
      ("/short", "text/plain", "short"),
    ]
    for (path, type, text) in bodies {
      router.on(.get, path) { _, _ in .text(.ok, text, type: type) }
    }
    router.on(.get, "/tagged") { request, _ in
      guard let tag = EntityTag("x") else { return Response(.noContent) }
      let bytes = Data(Self.text.utf8)
      return Entity(tag: tag, length: Int64(bytes.count), mediaType: "text/plain") {
        bytes.dropFirst(Int($0))
      }.response(to: request)
    }
    router.on(.get, "/coded") { _, _ in
      .text(.ok, Self.text, headers: [.contentEncoding: "br"])
    }
    return router
  }

  private func reply(_ port: Int, _ path: String, _ accepted: String?, method: String = "GET")
    throws
    -> RawClient.Reply
  {
    let client = try RawClient(port: port)
    let field = accepted.map { "Accept-Encoding: \($0)\r\n" } ?? ""
    try client.send("\(method) \(path) HTTP/1.1\r\nHost: a\r\n\(field)Connection: close\r\n\r\n")
    return method == "HEAD" ? try client.reply(isHead: true) : try client.reply()
  }

  /// By gzip(1), which knows nothing of this code.
  private func inflated(_ bytes: [UInt8]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/gzip")
    process.arguments = ["-dc"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    // Shorter than a pipe is.
    try input.fileHandleForWriting.write(contentsOf: Data(bytes))
    try input.fileHandleForWriting.close()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: text, as: UTF8.self)
  }

  @Test func longTextsAreCompressedWhenAskedFor() throws {
    try TestServer.run(router) { port, _ in
      for path in ["/text", "/json", "/problem", "/svg"] {
        for accepted in ["gzip", "br;q=1, GZIP;q=0.8, *;q=0.1", "*", "x-gzip", "deflate, gzip"] {
          let reply = try reply(port, path, accepted)
          #expect(reply["Content-Encoding"] == "gzip", "\(path) \(accepted)")
          #expect(reply["Vary"] == "Accept-Encoding")
          #expect(reply["Content-Length"] == "\(reply.body.count)")
          #expect(reply.body.count < Self.text.utf8.count / 10)
          #expect(try inflated(reply.body) == Self.text, "\(path) \(accepted)")
        }
        for accepted in [nil, "", "identity", "gzip;q=0", "br", "gzip;q=0.1, identity", "*;q=0"] {
          let reply = try reply(port, path, accepted)
          #expect(reply["Content-Encoding"] == nil, "\(path) \(accepted ?? "none")")
          #expect(reply["Vary"] == "Accept-Encoding")
          #expect(reply.text == Self.text)
        }
      }
    }
  }

  @Test func whatIsShortCodedTaggedOrNoTextIsSentAsItIs() throws {
    try TestServer.run(router) { port, _ in
      for path in ["/png", "/bytes", "/short", "/tagged"] {
        let reply = try reply(port, path, "gzip")
        #expect(reply["Content-Encoding"] == nil, "\(path)")
        #expect(reply.text == (path == "/short" ? "short" : Self.text), "\(path)")
      }
      #expect(try reply(port, "/coded", "gzip")["Content-Encoding"] == "br")
    }
  }

  @Test func theHeadIsThatOfTheAnswer() throws {
    try TestServer.run(router) { port, _ in
      let whole = try reply(port, "/text", "gzip")
      let head = try reply(port, "/text", "gzip", method: "HEAD")
      #expect(head["Content-Encoding"] == "gzip")
      #expect(head["Content-Length"] == whole["Content-Length"])
    }
  }
}
