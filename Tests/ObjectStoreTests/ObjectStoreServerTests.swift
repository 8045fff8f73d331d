import Digests
import Foundation
import ObjectStore
import TestSupport
import Testing
import Transfers

/// Against a real server of S3's protocol: `make test-fleet` starts one and says where it is.
@Suite(
  .enabled(
    if: ObjectServer.isThere,
    "CRISP_TEST_S3 names no server of S3's protocol: run make test-fleet"))
struct ObjectStoreServerTests {
  @Test func theProbeFindsEverything() throws {
    let store = try ObjectServer.store()
    #expect(try store.probe().conditionalWrites)
    #expect(try store.list().objects.isEmpty)
  }

  @Test func objectsComeBackAndGo() throws {
    let store = try ObjectServer.store()
    let key = "a key/with ü+&=?#%"
    #expect(try store.head(key) == nil)
    #expect(try store.put(key, ObjectContent(Data("first".utf8))) == .stored)
    #expect(try store.put(key, ObjectContent(Data("second".utf8))) == .alreadyThere)
    #expect(try store.get(key) == Data("first".utf8))
    #expect(try store.head(key)?.size == 5)
    #expect(try store.put(key, ObjectContent(Data("third".utf8)), ifAbsent: false) == .stored)
    #expect(try store.get(key) == Data("third".utf8))
    try store.delete(key)
    try store.delete(key)
    #expect(throws: ObjectStoreError.objectMissing(store: "\(store.address)", key: key)) {
      try store.get(key)
    }
    try store.put("empty", ObjectContent(Data()))
    #expect(try store.get("empty") == Data())
  }

  @Test func anyRangeIsRead() throws {
    let store = try ObjectServer.store()
    let bytes = ObjectServer.bytes(1 << 20)
    try store.put("key", ObjectContent(bytes))
    for range: Range<Int64> in [
      0..<1, 0..<0, 5..<5, 1..<1000, 1_048_575..<1_048_576, 0..<1_048_576,
    ] {
      var found = Data()
      try store.read("key", range) { found.append(contentsOf: $0) }
      #expect(found == bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    }
    let error = ObjectStoreError.rangeOutOfBounds(store: "\(store.address)", key: "key")
    #expect(throws: error) { try store.read("key", 0..<1_048_577) { _ in } }
    #expect(throws: error) { try store.read("key", 2_000_000..<2_000_001) { _ in } }
    #expect(throws: ObjectStoreError.self) { try store.read("none", 0..<1) { _ in } }
  }

  @Test func largeObjectsGoInParts() throws {
    let store = try ObjectServer.store { $0.partSize = 5 << 20 }
    let bytes = ObjectServer.bytes(12 << 20)
    let folder = try TemporaryFolder()
    try bytes.write(to: URL(fileURLWithPath: folder.file("file")))
    let content = ObjectContent(
      try BodyFile(path: folder.file("file")), size: Int64(bytes.count),
      digest: SHA256.digest(of: bytes))
    #expect(try store.put("large", content) == .stored)
    #expect(try store.put("large", content) == .alreadyThere)
    var hasher = SHA256()
    try store.read("large", 0..<Int64(bytes.count)) { hasher.update($0) }
    #expect(hasher.finalize() == content.digest)

    // A file that is not what it was said to be leaves nothing.
    let wrong = ObjectContent(
      try BodyFile(path: folder.file("file")), size: Int64(bytes.count),
      digest: SHA256.digest(of: Data()))
    #expect(throws: ObjectStoreError.self) { try store.put("wrong", wrong) }
    #expect(try store.head("wrong") == nil)
    #expect(try store.unfinishedUploads(begunBefore: .distantFuture).isEmpty)
  }

  @Test func listsHaveAllPages() throws {
    let store = try ObjectServer.store()
    let keys = (0..<1005).map { "many/\(1000 + $0)" }
    DispatchQueue.concurrentPerform(iterations: keys.count) { index in
      _ = try? store.put(keys[index], ObjectContent(Data("x".utf8)))
    }
    try store.put("other", ObjectContent(Data("y".utf8)))
    var found: [String] = []
    var next: String?
    var pages = 0
    repeat {
      let page = try store.list("many/", after: next)
      found += page.objects.map(\.key)
      next = page.next
      pages += 1
    } while next != nil
    #expect(found == keys)
    #expect(pages == 2)
  }

  @Test func anyoneFetchesAPresignedAddress() throws {
    let store = try ObjectServer.store()
    try store.put("model file", ObjectContent(Data("bytes".utf8)))
    let client = try TransferClient()
    let url = store.presignedURL(
      of: "model file", for: 60,
      answering: ["content-disposition": "attachment; filename=\"a b\""])
    let answer = try client.send(TransferRequest(.get, url))
    #expect(answer.head.status == 200)
    #expect(answer.body == Data("bytes".utf8))
    #expect(answer.head.headers[.contentDisposition] == "attachment; filename=\"a b\"")
    // Signed for this object alone, and for a time.
    let other = url.replacing("model%20file", with: "other")
    #expect(try client.send(TransferRequest(.get, other)).head.status == 403)
    let old = try ObjectServer.store(from: store) { $0.clock = { Date() - 120 } }
    let late = old.presignedURL(of: "model file", for: 60)
    #expect(try client.send(TransferRequest(.get, late)).head.status == 403)
  }

  @Test func everyMistakeHasItsOwnSentence() throws {
    let bucket = try ObjectServer.store(bucket: "crisp-not-there")
    #expect(throws: ObjectStoreError.bucketMissing(store: "\(bucket.address)")) {
      try bucket.probe()
    }
    let unknown = try ObjectServer.store(
      credentials: S3Credentials(accessKey: "NOBODY", secretKey: "secret"))
    #expect(
      throws: ObjectStoreError.credentialsRefused(
        store: "\(unknown.address)", reason: "InvalidAccessKeyId")
    ) { try unknown.probe() }
    let wrong = try ObjectServer.store(
      credentials: S3Credentials(accessKey: ObjectServer.accessKey, secretKey: "secret"))
    #expect(
      throws: ObjectStoreError.credentialsRefused(
        store: "\(wrong.address)", reason: "SignatureDoesNotMatch")
    ) { try wrong.probe() }
    let late = try ObjectServer.store { $0.clock = { Date() - 3600 } }
    #expect(throws: ObjectStoreError.clockDiffers(store: "\(late.address)")) { try late.probe() }
  }

  @Test func aReaderMayNotWrite() throws {
    let reader = try ObjectServer.store(
      credentials: S3Credentials(
        accessKey: "\(ObjectServer.accessKey)READER", secretKey: ObjectServer.secretKey))
    #expect(throws: ObjectStoreError.accessDenied(store: "\(reader.address)", action: .write)) {
      try reader.probe()
    }
  }
}
