import Foundation
import HTTPTypes
import Synchronization
import TestSupport
import Testing
import Transfers

@Suite(.enabled(if: TransferClient.isAvailable, "built without the trait Fleet"))
struct TransferClientTests {
  private func client(
    _ change: (inout TransferClient.Configuration) -> Void = { _ in }
  ) throws -> TransferClient {
    var configuration = TransferClient.Configuration()
    change(&configuration)
    return try TransferClient(configuration)
  }

  /// Answers every request with what it was, on as many connections as there are.
  private func echo() throws -> ScriptedServer {
    try ScriptedServer { peer in
      while let request = try peer.request() {
        let fields = request.fields.map { "\($0.key)=\($0.value)" }.sorted()
        try peer.answer(
          request.method == "DELETE" ? 404 : 200, ["X-Length": String(request.body.count)],
          request.method == "HEAD"
            ? ""
            : "\(request.method) \(request.target)\n\(fields.joined(separator: "\n"))\n"
              + String(decoding: request.body, as: UTF8.self))
      }
    }
  }

  @Test func sendsMethodFieldsAndBody() throws {
    let server = try echo()
    var request = TransferRequest(
      .put, "\(server.url)/a%2Fb/../c?x=1&y=", headers: [.contentType: "text/plain"],
      body: .bytes(Data("hello".utf8)))
    if let name = HTTPField.Name("X-Empty") { request.headers[name] = "" }
    let answer = try client().send(request)
    #expect(answer.head.status == 200)
    let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
    // Dots in a path stay: what was signed is what is sent.
    #expect(lines.first == "PUT /a%2Fb/../c?x=1&y=")
    #expect(lines.last == "hello")
    #expect(lines.contains("content-type=text/plain"))
    #expect(lines.contains("content-length=5"))
    #expect(lines.contains("x-empty="))
    #expect(lines.contains("host=127.0.0.1:\(server.port)"))
  }

  @Test(arguments: [HTTPRequest.Method.get, .head, .delete, .post, .put])
  func everyMethodGoesWithoutABody(_ method: HTTPRequest.Method) throws {
    let server = try echo()
    let answer = try client().send(TransferRequest(method, server.url + "/"))
    #expect(answer.head.status == (method == .delete ? 404 : 200))
    let text = String(decoding: answer.body, as: UTF8.self)
    #expect(text.hasPrefix(method == .head ? "" : "\(method) /\n"))
    #expect(text.contains("content-length=0") == [.post, .put].contains(method))
  }

  @Test func sendsPartOfAFile() throws {
    let server = try echo()
    let folder = try TemporaryFolder()
    try folder.write(Array("0123456789".utf8), to: "file")
    let file = try BodyFile(path: folder.file("file"))
    let answer = try client().send(
      TransferRequest(.put, server.url + "/", body: .file(file, offset: 3, length: 4)))
    #expect(String(decoding: answer.body, as: UTF8.self).hasSuffix("\n3456"))
    #expect(
      throws: TransferError.unreadableBody(
        path: file.path, reason: "it ended before the 8 bytes at 3")
    ) {
      try client().send(
        TransferRequest(.put, server.url + "/", body: .file(file, offset: 3, length: 8)))
    }
    #expect(throws: TransferError.self) { try BodyFile(path: folder.file("none")) }
  }

  @Test func connectionsServeManyRequests() throws {
    let connections = Mutex(0)
    let server = try ScriptedServer { peer in
      connections.withLock { $0 += 1 }
      while try peer.request() != nil { try peer.answer(200) }
    }
    let client = try client()
    for _ in 0..<5 { _ = try client.send(TransferRequest(.get, server.url)) }
    #expect(connections.withLock { $0 } == 1)
  }

  /// The server closes a connection that waits, as servers do; a body goes once more.
  @Test func aBodyIsSentAgainWhereAnIdleConnectionIsGone() throws {
    let server = try ScriptedServer { peer in
      guard let request = try peer.request() else { return }
      try peer.answer(200, [:], String(decoding: request.body, as: UTF8.self))
    }
    let client = try client()
    for _ in 0..<10 {
      let answer = try client.send(
        TransferRequest(.post, server.url, body: .bytes(Data("once".utf8))))
      #expect(answer.body == Data("once".utf8))
    }
  }

  @Test func piecesComeInOrderAndAreNotKept() throws {
    let size = 5 << 20
    let server = try ScriptedServer { peer in
      _ = try peer.request()
      try peer.send("HTTP/1.1 206 Partial\r\nContent-Length: \(size)\r\n\r\n")
      var next = 0
      while next < size {
        let count = min(100_000, size - next)
        try peer.send(Data((next..<(next + count)).map { UInt8(truncatingIfNeeded: $0 / 7) }))
        next += count
      }
    }
    var position = 0
    var isRight = true
    var longest = 0
    let head = try client().receive(TransferRequest(.get, server.url)) { head, piece in
      isRight = isRight && head.status == 206
      for byte in piece {
        isRight = isRight && byte == UInt8(truncatingIfNeeded: position / 7)
        position += 1
      }
      longest = max(longest, piece.count)
    }
    #expect(head.headers[.contentLength] == String(size))
    #expect(position == size)
    #expect(isRight)
    #expect(longest <= 256 * 1024)
  }

  @Test func whatTheConsumerThrowsEndsTheRequest() throws {
    struct Enough: Error {}
    let server = try echo()
    #expect(throws: Enough.self) {
      try client().receive(TransferRequest(.get, server.url)) { _, _ in throw Enough() }
    }
  }

  @Test func anAnswerInMemoryIsBounded() throws {
    let server = try ScriptedServer { peer in
      _ = try peer.request()
      try peer.answer(200, [:], String(repeating: "x", count: 1001))
    }
    let error = TransferError.answerTooLarge(host: "127.0.0.1:\(server.port)", limit: 1000)
    #expect(throws: error) { try client().send(TransferRequest(.get, server.url), limit: 1000) }
    #expect(try client().send(TransferRequest(.get, server.url), limit: 1001).body.count == 1001)
  }

  @Test func redirectsAreAnswersUnlessAllowed() throws {
    let server = try ScriptedServer { peer in
      while let request = try peer.request() {
        if request.target == "/from" {
          try peer.answer(302, ["Location": "/to"], "over there")
        } else {
          try peer.answer(200, [:], "here")
        }
      }
    }
    let request = TransferRequest(.get, server.url + "/from")
    #expect(try client().send(request).head.status == 302)
    let answer = try client { $0.redirects = 1 }.send(request)
    #expect(answer.head.status == 200)
    #expect(answer.body == Data("here".utf8))
  }

  @Test func aRequestCanBeCancelled() throws {
    let cancellation = TransferCancellation()
    let server = try ScriptedServer { peer in
      _ = try peer.request()
      cancellation.cancel()
      try peer.waitForEnd()
    }
    let error = TransferError.cancelled(host: "127.0.0.1:\(server.port)")
    for _ in 0..<2 {
      #expect(throws: error) {
        try client().send(TransferRequest(.get, server.url), cancellation: cancellation)
      }
    }
  }

  @Test func aRequestEndsWithItsTask() async throws {
    let (asked, tell) = AsyncStream.makeStream(of: Void.self)
    let server = try ScriptedServer { peer in
      _ = try peer.request()
      tell.yield()
      try peer.waitForEnd()
    }
    let client = try client()
    let task = Task { try await client.answer(to: TransferRequest(.get, server.url)) }
    for await _ in asked { break }
    task.cancel()
    await #expect(throws: TransferError.cancelled(host: "127.0.0.1:\(server.port)")) {
      try await task.value
    }
  }
}
