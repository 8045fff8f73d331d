#if Fleet
  import Digests
  import Foundation
  import ObjectStore
  import PostgresStore
  import Store
  import Testing

  /// Names in PostgreSQL, bytes in an object store, both real: `make test-fleet`.
  @Suite(
    .enabled(
      if: ObjectServer.isThere && ObjectServer.postgres != nil,
      "CRISP_TEST_S3 or CRISP_TEST_POSTGRES is missing: run make test-fleet"))
  struct PostgresBlobPlacesTests {
    private let uri: String
    private let objects: ObjectBlobs
    private let store: PostgresStore

    init() throws {
      let server = try #require(ObjectServer.postgres)
      let name = "crisp_places_\(UInt64.random(in: .min ... .max))"
      try PostgresConnection(PostgresAddress(server)).execute("CREATE DATABASE \(name)")
      var parts = try #require(URLComponents(string: server))
      parts.path = "/" + name
      uri = try #require(parts.string)
      _ = try PostgresStore.migrate(uri)
      objects = ObjectBlobs(try ObjectServer.store(prefix: name))
      store = try PostgresStore(uri, bytes: objects)
    }

    private var places: [BlobPlace] { get throws { try objects.places(after: nil).places } }

    @Test func bytesLieInTheObjectStore() throws {
      let data = Data("bytes".utf8)
      let blob = try store.put(data)
      #expect(try store.put(data) == blob)
      #expect(try places.map(\.digest) == [blob.digest])
      #expect(try store.check(blob.digest))
      let large = try store.put(Data(count: 20 << 20))
      #expect(try store.check(large.digest))
      let url = try #require(try store.address(of: blob.digest, for: 60, answering: [:]))
      #expect(try ObjectServer.fetch(url).body == data)

      #expect(try store.collectGarbage(olderThan: 3600) == [])
      #expect(try places.count == 2)
      #expect(
        try Set(store.collectGarbage(olderThan: 0).map(\.digest)) == [blob.digest, large.digest])
      #expect(try places.isEmpty)
      #expect(try store.blob(blob.digest) == nil)
      #expect(try store.doomedPlaces(limit: 10) == [])
    }

    @Test func aStoreThatWasNotToldOfItSaysSo() throws {
      let blob = try store.put(Data("elsewhere".utf8))
      let plain = try PostgresStore(uri)
      let error = try #require(throws: StoreError.self) { try plain.open(blob.digest) }
      #expect("\(error)".contains("--objects"))
      // What it keeps in the database is read by those who have both.
      let own = try plain.put(Data("here".utf8))
      #expect(try store.put(Data("here".utf8)) == own)
      #expect(try store.check(own.digest))
      #expect(try store.address(of: own.digest, for: 60, answering: [:]) == nil)
    }

    @Test func oneOfManyUploadsOfTheSameBytesStays() throws {
      let data = Data("race".utf8)
      DispatchQueue.concurrentPerform(iterations: 8) { _ in _ = try? store.put(data) }
      #expect(try store.check(SHA256.digest(of: data)))
      _ = try store.collectGarbage(olderThan: 3600)
      #expect(try places.count == 1)
      #expect(try store.check(SHA256.digest(of: data)))
    }

    @Test func everyStepMayBeDoneTwice() throws {
      let digest = SHA256.digest(of: Data("bytes".utf8))
      let place = BlobPlace(new: digest)
      for _ in 0..<2 { try store.beginUpload(place, size: 5) }
      let other = BlobPlace(new: digest)
      #expect(try store.unknownPlaces(among: [place, other]) == [other])
      #expect(try store.blob(digest) == nil)
      for _ in 0..<2 {
        #expect(try store.finishUpload(place) == BlobRecord(digest: digest, size: 5))
      }
      #expect(try store.placedBlob(digest)?.place == place)
      // A second upload of the same bytes loses, and is to go.
      try store.beginUpload(other, size: 5)
      #expect(try store.finishUpload(other) == BlobRecord(digest: digest, size: 5))
      #expect(try store.doomedPlaces(limit: 10) == [other])
      for _ in 0..<2 { try store.forgetDoomed([other]) }
      #expect(try store.placedBlob(digest)?.place == place)
    }

    @Test func aDataSetKeepsItsPieces() throws {
      let blobs = try ["list", "piece", "other piece"].map { try store.put(Data($0.utf8)).digest }
      var dataset = DatasetRecord(
        name: "set", path: "/there", format: "folder",
        digest: SHA256.digest(of: Data("content".utf8)), classes: ["a"], counts: Data("{}".utf8))
      #expect(store.keepsDatasets)
      // By its path at first.
      #expect(try store.addDataset(dataset).record == dataset)
      dataset.manifest = blobs[0]
      dataset.path = "/elsewhere"
      let kept = try store.addDataset(dataset, pieces: [blobs[1]])
      #expect(kept.record.manifest == blobs[0] && kept.record.path == "/there")
      #expect(try store.collectGarbage(olderThan: 0).map(\.digest) == [blobs[2]])
      #expect(try store.check(blobs[0]) && store.check(blobs[1]))
      // A piece that was collected meanwhile is missed; nothing changes then.
      #expect(throws: StoreError.notFound(.blob, "of a data set")) {
        try store.addDataset(dataset, pieces: [blobs[2]])
      }
      #expect(try store.collectGarbage(olderThan: 0) == [])
      // A new fingerprint changes nothing else.
      dataset.fingerprint = SHA256.digest(of: Data("times".utf8))
      #expect(try store.addDataset(dataset).record.manifest == blobs[0])
      dataset.digest = blobs[0]
      #expect(throws: StoreError.nameTaken(.dataset, "set")) {
        try store.addDataset(dataset, pieces: [blobs[1]])
      }
      // With the data set its pieces go.
      try PostgresConnection(PostgresAddress(uri)).execute("DELETE FROM datasets")
      #expect(try store.collectGarbage(olderThan: 0).count == 2)
    }

    @Test func anUploadThatTookTooLongIsRefused() throws {
      let place = BlobPlace(new: SHA256.digest(of: Data("late".utf8)))
      try store.beginUpload(place, size: 4)
      #expect(try store.doomBlobs(olderThan: 0) == [])
      #expect(throws: StoreError.uploadExpired) { try store.finishUpload(place) }
      #expect(try store.doomedPlaces(limit: 10) == [place])
      _ = try store.collectGarbage(olderThan: 3600)
      #expect(throws: StoreError.uploadExpired) { try store.finishUpload(place) }
      #expect(try store.unknownPlaces(among: [place]) == [place])
    }
  }
#endif
