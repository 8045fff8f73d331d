import Digests
import Foundation
import ObjectStore
import Store
import Synchronization
import TestSupport
import Testing
import Transfers

/// What a store, or the way to it, may do wrong.
@Suite(.enabled(if: TransferClient.isAvailable, "built without the trait Fleet"))
struct ObjectStoreFaultTests {
  /// Pauses that nobody waits for, kept.
  private final class Pauses: Sendable {
    let seconds = Mutex<[TimeInterval]>([])
  }

  private func store(
    _ server: ScriptedServer, pauses: Pauses = Pauses(), attempts: Int = 4,
    stallTimeout: TimeInterval = 30
  ) throws -> ObjectStore {
    var options = ObjectStore.Options()
    options.stallTimeout = stallTimeout
    options.retry.attempts = attempts
    options.retry.wait = { seconds in pauses.seconds.withLock { $0.append(seconds) } }
    return try ObjectStore(
      ObjectStoreAddress("s3://bucket/p", endpoint: server.url),
      credentials: CredentialSource(S3Credentials(accessKey: "AKID", secretKey: "hushhush")),
      options: options)
  }

  private static func document(_ code: String) -> String {
    "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>no, hushhush</Message></Error>"
  }

  @Test func waitsForAStoreThatIsOverloaded() throws {
    let requests = Mutex(0)
    let server = try ScriptedServer { peer in
      while try peer.request() != nil {
        let count = requests.withLock { count in
          count += 1
          return count
        }
        switch count {
        case 1: try peer.answer(503, ["Retry-After": "2"], Self.document("SlowDown"))
        case 2: try peer.answer(500, [:], Self.document("InternalError"))
        case 3:
          try peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab")
          return
        default: try peer.answer(200, [:], "bytes")
        }
      }
    }
    let pauses = Pauses()
    #expect(try store(server, pauses: pauses).get("key") == Data("bytes".utf8))
    let seconds = pauses.seconds.withLock { $0 }
    try #require(seconds.count == 3)
    #expect(seconds[0] == 2)
    #expect(seconds[1] <= 0.2)
    #expect(seconds[2] <= 0.4)
  }

  /// One connection stays silent, one falls silent within the bytes; the third brings the rest.
  @Test func asksAgainWhereAnAnswerStandsStill() throws {
    let requests = Mutex<[String]>([])
    let server = try ScriptedServer { peer in
      guard let request = try peer.request() else { return }
      let count = requests.withLock { requests in
        requests.append(request.fields["range"] ?? "")
        return requests.count
      }
      if count == 1 { return try peer.waitForEnd() }
      let start = count == 2 ? 0 : 4
      try peer.send(
        "HTTP/1.1 206 Partial\r\nContent-Length: \(10 - start)\r\nETag: \"a\"\r\n"
          + "Content-Range: bytes \(start)-9/10\r\n\r\n" + (count == 2 ? "0123" : "456789"))
      if count == 2 { try peer.waitForEnd() }
    }
    var found = Data()
    try store(server, stallTimeout: 1).read("key", 0..<10) { found.append(contentsOf: $0) }
    #expect(found == Data("0123456789".utf8))
    #expect(requests.withLock { $0 } == ["bytes=0-9", "bytes=0-9", "bytes=4-9"])
  }

  @Test func givesUpInTheEnd() throws {
    let requests = Mutex(0)
    let server = try ScriptedServer { peer in
      while try peer.request() != nil {
        requests.withLock { $0 += 1 }
        try peer.answer(503, ["Retry-After": "86400"], Self.document("SlowDown"))
      }
    }
    let pauses = Pauses()
    let store = try store(server, pauses: pauses)
    #expect(throws: ObjectStoreError.busy(store: "\(store.address)", status: 503)) {
      try store.get("key")
    }
    #expect(requests.withLock { $0 } == 4)
    #expect(pauses.seconds.withLock { $0 } == [5, 5, 5])
  }

  @Test(arguments: [
    (403, "InvalidAccessKeyId", "object_store_credentials_refused"),
    (403, "SignatureDoesNotMatch", "object_store_credentials_refused"),
    (400, "ExpiredToken", "object_store_credentials_refused"),
    (403, "AccessDenied", "object_store_access_denied"),
    (403, "RequestTimeTooSkewed", "object_store_clock"),
    (404, "NoSuchBucket", "bucket_missing"), (404, "NoSuchKey", "object_missing"),
    (301, "PermanentRedirect", "object_store_region"),
    (400, "AuthorizationHeaderMalformed", "object_store_region"),
    (403, "QuotaExceeded", "object_store_full"), (507, "", "object_store_full"),
    (418, "Teapot", "object_store_answer"), (404, "", "object_missing"),
    (403, "", "object_store_access_denied"),
  ])
  func refusalsAreToldApart(_ status: Int, _ code: String, _ expected: String) throws {
    let requests = Mutex(0)
    let server = try ScriptedServer { peer in
      while try peer.request() != nil {
        requests.withLock { $0 += 1 }
        try peer.answer(status, [:], code.isEmpty ? "" : Self.document(code))
      }
    }
    let error = try #require(throws: ObjectStoreError.self) { try store(server).get("key") }
    #expect(error.code == expected)
    #expect("\(error)".contains("s3://bucket/p/ at \(server.url)"))
    #expect(requests.withLock { $0 } == 1)
  }

  /// The connection breaks twice within an object: what has come is not asked for again.
  @Test func readingGoesOnWhereItBroke() throws {
    let bytes = Data((0..<1000).map { UInt8(truncatingIfNeeded: $0 / 3) })
    let ranges = Mutex<[String]>([])
    let server = try ScriptedServer { peer in
      guard let request = try peer.request() else { return }
      let range = request.fields["range"] ?? ""
      let count = ranges.withLock { ranges in
        ranges.append(range)
        return ranges.count
      }
      let start = Int(range.dropFirst(6).prefix { $0 != "-" }) ?? 0
      try peer.send(
        "HTTP/1.1 206 Partial\r\nContent-Length: \(1000 - start)\r\nETag: \"a\"\r\n"
          + "Content-Range: bytes \(start)-999/1000\r\n\r\n")
      try peer.send(bytes[start..<(count < 3 ? start + 300 : 1000)])
    }
    var found = Data()
    try store(server).read("key", 0..<1000) { found.append(contentsOf: $0) }
    #expect(found == bytes)
    #expect(ranges.withLock { $0 } == ["bytes=0-999", "bytes=300-999", "bytes=600-999"])
  }

  @Test func anObjectThatChangesWhileItIsReadIsDamaged() throws {
    let requests = Mutex(0)
    let server = try ScriptedServer { peer in
      guard try peer.request() != nil else { return }
      let count = requests.withLock { count in
        count += 1
        return count
      }
      let start = count == 1 ? 0 : 5
      try peer.send(
        "HTTP/1.1 206 Partial\r\nContent-Length: \(10 - start)\r\nETag: \"\(count)\"\r\n"
          + "Content-Range: bytes \(start)-9/10\r\n\r\nabcde")
    }
    let store = try store(server)
    #expect(throws: ObjectStoreError.objectDamaged(store: "\(store.address)", key: "key")) {
      try store.read("key", 0..<10) { _ in }
    }
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
    // Refused before it has come.
    "HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n0123456789",
    "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n0123456789",
    "HTTP/1.1 206 Partial\r\nContent-Range: bytes 3-9/10\r\nContent-Length: 7\r\n\r\n3456789",
    "HTTP/1.1 206 Partial\r\nContent-Length: 3\r\n\r\n345",
  ])
  func anotherRangeThanAskedForIsRefused(_ answer: String) throws {
    let server = try ScriptedServer { peer in
      while try peer.request() != nil { try peer.send(answer) }
    }
    var found = Data()
    let error = try #require(throws: ObjectStoreError.self) {
      try store(server).read("key", 3..<6) { found.append(contentsOf: $0) }
    }
    #expect(error.code == "object_store_answer", "\(error)")
  }

  @Test func consumersErrorsAreTheirOwn() throws {
    struct Full: Error {}
    let server = try ScriptedServer { peer in
      while try peer.request() != nil {
        try peer.answer(206, ["Content-Range": "bytes 0-2/3"], "abc")
      }
    }
    #expect(throws: Full.self) { try store(server).read("key", 0..<3) { _ in throw Full() } }
  }

  @Test func conflictsAreTriedAgainAndWhatIsThereStays() throws {
    let requests = Mutex<[String?]>([])
    let server = try ScriptedServer { peer in
      while let request = try peer.request() {
        let count = requests.withLock { requests in
          requests.append(request.fields["if-none-match"])
          return requests.count
        }
        try peer.answer(
          count == 1 ? 409 : 412, [:],
          Self.document(count == 1 ? "ConditionalRequestConflict" : "PreconditionFailed"))
      }
    }
    #expect(try store(server).put("key", ObjectContent(Data("x".utf8))) == .alreadyThere)
    #expect(requests.withLock { $0 } == ["*", "*"])
  }

  @Test func conditionsAreLeftOutWhereTheStoreHasNone() throws {
    let requests = Mutex<[String?]>([])
    let server = try ScriptedServer { peer in
      while let request = try peer.request() {
        let condition = request.fields["if-none-match"]
        requests.withLock { $0.append(condition) }
        try peer.answer(
          condition == nil ? 200 : 501, [:], condition == nil ? "" : Self.document("NotImplemented")
        )
      }
    }
    let store = try store(server)
    for _ in 0..<2 { #expect(try store.put("key", ObjectContent(Data("x".utf8))) == .stored) }
    #expect(requests.withLock { $0 } == ["*", nil, nil])
  }

  @Test func whatFailsInPartsIsAborted() throws {
    let requests = Mutex<[String]>([])
    let server = try ScriptedServer { peer in
      while let request = try peer.request() {
        requests.withLock { $0.append("\(request.method) \(request.target)") }
        switch request.method {
        case "HEAD": try peer.answer(404)
        case "POST":
          try peer.answer(
            200, [:],
            "<InitiateMultipartUploadResult><UploadId>u 1</UploadId></InitiateMultipartUploadResult>"
          )
        case "PUT" where request.target.contains("partNumber=1"):
          try peer.answer(200, ["ETag": "\"1\""])
        case "PUT": try peer.answer(403, [:], Self.document("AccessDenied"))
        default: try peer.answer(204)
        }
      }
    }
    let store = try store(server)
    #expect(throws: ObjectStoreError.accessDenied(store: "\(store.address)", action: .write)) {
      try store.put("key", ObjectContent(Data(count: 20 << 20)))
    }
    #expect(
      requests.withLock { $0 } == [
        "HEAD /bucket/p/key", "POST /bucket/p/key?uploads=",
        "PUT /bucket/p/key?partNumber=1&uploadId=u%201",
        "PUT /bucket/p/key?partNumber=2&uploadId=u%201", "DELETE /bucket/p/key?uploadId=u%201",
      ])
  }

  /// What a proxy says of a store that is not there is no sign that anything was stored.
  @Test func aCompletionThatIsNotFoundStoresNothing() throws {
    let requests = Mutex<[String]>([])
    let server = try ScriptedServer { peer in
      while let request = try peer.request() {
        requests.withLock { $0.append(request.method) }
        switch request.method {
        case "POST" where request.target.contains("uploads="):
          try peer.answer(
            200, [:],
            "<InitiateMultipartUploadResult><UploadId>u 1</UploadId></InitiateMultipartUploadResult>"
          )
        case "PUT": try peer.answer(200, ["ETag": "\"1\""])
        case "DELETE": try peer.answer(204)
        default: try peer.answer(404, [:], request.method == "POST" ? "<html>Not Found</html>" : "")
        }
      }
    }
    let error = try #require(throws: ObjectStoreError.self) {
      try store(server).put("key", ObjectContent(Data(count: 20 << 20)))
    }
    #expect(error.code == "object_store_answer", "\(error)")
    #expect(requests.withLock { $0.last } == "DELETE")
  }

  /// A store without conditions, to which another database came between looking and storing.
  @Test func aPlaceThatTwoTookIsFoundOut() throws {
    let owner = Mutex<Data?>(nil)
    let server = try ScriptedServer { peer in
      while let request = try peer.request() {
        switch request.method {
        case "PUT":
          owner.withLock { $0 = request.body }
          try peer.answer(200)
        default:
          guard let found = owner.withLock({ $0 }) else {
            try peer.answer(404, [:], Self.document("NoSuchKey"))
            continue
          }
          try peer.answer(200, [:], String(decoding: found, as: UTF8.self))
        }
      }
    }
    let (one, two) = (try store(server), try store(server))
    #expect(try !one.isClaimed(for: "one"))
    try one.claim(for: "one")
    try ObjectBlobs(one).requireOwner()
    // As if it had looked before.
    owner.withLock { $0 = nil }
    try two.claim(for: "two")
    #expect(throws: ObjectStoreError.placeTaken(store: "\(one.address)")) {
      try one.requireOwner()
    }
    #expect(throws: StoreError.self) { try ObjectBlobs(one).requireOwner() }
    try two.requireOwner()
  }

  @Test func noCredentialIsPartOfAnError() throws {
    let server = try ScriptedServer { peer in
      while let request = try peer.request() {
        #expect(request.fields["authorization"]?.contains("AKID") == true)
        try peer.answer(400, [:], Self.document("BadThing"))
      }
    }
    let error = try #require(throws: ObjectStoreError.self) { try store(server).get("key") }
    #expect(!"\(error)".contains("AKID"))
    #expect(!String(reflecting: error).contains("AKID"))
  }

  @Test func aServerOfAnotherKindIsToldApart() throws {
    let server = try ScriptedServer { peer in
      while try peer.request() != nil { try peer.answer(404, [:], "<html>not here</html>") }
    }
    let error = try #require(throws: ObjectStoreError.self) { try store(server).probe() }
    #expect(error.code == "object_store_answer")
  }

  @Test func whoIsNotThereIsNamed() throws {
    let server = try ScriptedServer { _ in }
    server.stop()
    let error = try #require(throws: ObjectStoreError.self) { try store(server).probe() }
    #expect(error.code == "object_store_unreachable")
    #expect("\(error)".contains("127.0.0.1:\(server.port)"))
  }
}
