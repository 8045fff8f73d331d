#if Fleet
  import Digests
  import Dispatch
  import Foundation
  import HTTPTypes
  import PersonalizationClient
  import PersonalizationService
  import PostgresStore
  import ServiceAPI
  import Store
  import Synchronization
  import Testing
  import Transfers

  /// Servers and workers that have nothing in common but a database and an object store.
  @Suite(.enabled(if: ObjectWorld.isThere, ObjectWorld.reason))
  struct ObjectFleetTests {
    /// Takes one job with a worker.
    private func runOne(_ worker: WorkerService) throws -> WorkerService.OneJob {
      let end = DispatchSemaphore(value: 0)
      let outcome = Mutex<Result<WorkerService.OneJob, any Error>?>(nil)
      _ = try worker.startOne { result in
        outcome.withLock { $0 = result }
        end.signal()
      }
      #expect(end.wait(timeout: .now() + 60) == .success)
      #expect(worker.stop(deadline: 20))
      return try #require(try outcome.withLock { try $0?.get() })
    }

    @Test func aWorkerNeedsNothingButTheTwoAddresses() throws {
      let world = try ObjectWorld()
      let store = try PostgresStore(world.uri)
      #expect(try store.dataset(ToyWorld.dataset).record.manifest != nil)
      // All bytes are elsewhere.
      let chunks = try PostgresConnection(PostgresAddress(world.uri)).execute(
        "SELECT count(*) AS n FROM blob_chunks")
      #expect(try chunks.rows.first?.integer("n") == 0)

      let (service, client) = try world.server()
      defer { service.stop(deadline: 20) }
      #expect(try client.get("/readyz").text == "ready\n")
      #expect(try runOne(world.worker()) == .nothingToDo)
      let job = try JobFollower(client).submit()
      #expect(try runOne(world.worker()) == .done)
      let done = try JobFollower(client).job(job.id)
      #expect(done.status == "succeeded")
      let model = try #require(done.resultModel)
      let file = try client.get("/models/\(model)")
      #expect(file.status == 200)
      #expect(file["ETag"] == "\"\(SHA256.digest(of: file.body).hex)\"")
      #expect(try Scrape(client)["crisp_object_store_up"] == 1)
      // Nothing that anyone needs is collected.
      let place = try world.place("operator")
      let whole = try Administration(existing: world.uri, objects: place)
      #expect(try whole.check().isHealthy)
    }

    @Test func oneJobEndsWithACode() throws {
      let world = try ObjectWorld(padding: 2 << 20)
      let (service, client) = try world.server()
      defer { service.stop(deadline: 20) }
      func run(_ options: [String] = []) throws -> Int32 {
        try ServerProcess.run(
          [
            "worker", "--one-job", "--db", world.uri, "--port", "0", "--threads-per-worker", "1",
            "--objects", "s3://crisp-test/\(world.name)", "--s3-endpoint", ObjectWorld.endpoint,
            "--s3-credentials", world.credentials, "--cache", world.folder.file("cache-one"),
          ] + options
        ).status
      }
      #expect(try run() == 10)
      let large = try JobFollower(client).submit()
      // Its data set is larger than the whole cache.
      #expect(try run(["--cache-bytes", "1048576"]) == 11)
      let failed = try JobFollower(client).job(large.id)
      #expect(failed.status == "failed")
      #expect(failed.error?.message.contains("--cache-bytes") == true)
      let next = try JobFollower(client).submit(JobBody.body(seed: 3))
      #expect(try run() == 0)
      #expect(try JobFollower(client).job(next.id).status == "succeeded")
    }

    @Test func clientsAreSentToTheObjectStore() async throws {
      let world = try ObjectWorld()
      let (service, client) = try world.server { $0.redirectsDownloads = true }
      defer { service.stop(deadline: 20) }
      let job = try JobFollower(client).submit()
      #expect(try runOne(world.worker()) == .done)
      let model = try #require(try JobFollower(client).job(job.id).resultModel)
      let reply = try client.get("/models/\(model)")
      #expect(reply.status == 307)
      #expect(reply.body.isEmpty)
      #expect(reply["Cache-Control"] == "no-store")
      let location = try #require(reply["Location"])
      #expect(location.hasPrefix(ObjectWorld.endpoint))
      let bytes = try TransferClient().send(TransferRequest(.get, location))
      #expect(bytes.head.status == 200)
      let digest = SHA256.digest(of: bytes.body).hex
      #expect(reply["X-Linked-Etag"] == "\"\(digest)\"")
      #expect(bytes.head.headers[HTTPField.Name.contentType] == "application/vnd.crisp.safetensors")
      // Who has it already is told so, and HEAD is answered here.
      #expect(
        try client.get("/models/\(model)", fields: [("If-None-Match", "\"\(digest)\"")]).status
          == 304)
      #expect(try client.send("HEAD", "/models/\(model)").status == 200)
      #expect(try client.get("/\(model)/resolve/main/model.crisp.safetensors").status == 307)

      let crisp = try ServiceClient(server: "http://127.0.0.1:\(client.port)")
      let path = world.folder.file("model.crisp.safetensors")
      #expect(try await crisp.download(model, to: path).sha256 == digest)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes.body)
    }

    @Test func anObjectStoreThatRefusesIsToldOf() throws {
      let world = try ObjectWorld()
      let (service, client) = try world.server()
      defer { service.stop(deadline: 20) }
      let job = try JobFollower(client).submit()
      #expect(try runOne(world.worker()) == .done)
      let model = try #require(try JobFollower(client).job(job.id).resultModel)

      try world.admit(false)
      let reply = try client.get("/readyz")
      #expect(reply.status == 503)
      #expect(reply.code == "object_store_unavailable")
      #expect(reply.detail.contains("--objects") && !reply.detail.contains("127.0.0.1"))
      #expect(try Scrape(client)["crisp_object_store_up"] == 0)
      #expect(try client.get("/models/\(model)?format=onnx").code == "object_store_unavailable")
      #expect(try client.get("/jobs").status == 200)
      // Jobs are accepted, and wait.
      let next = try JobFollower(client).submit(JobBody.body(seed: 7))

      try world.admit(true)
      #expect(try client.get("/readyz").text == "ready\n")
      #expect(try Scrape(client)["crisp_object_store_up"] == 1)
      #expect(try runOne(world.worker()) == .done)
      #expect(try JobFollower(client).job(next.id).status == "succeeded")
    }

    @Test func nothingStartsHalf() throws {
      let world = try ObjectWorld()
      // Without the object store.
      let missing = try #require(throws: ServiceError.self) {
        try world.server { $0.objects = nil }
      }
      #expect(missing.code == "objects_missing")
      // With another place, which is nobody's afterwards as before.
      let elsewhere = try world.place("server", prefix: "\(world.name)-other")
      let other = try #require(throws: ServiceError.self) {
        try world.server { $0.objects = elsewhere }
      }
      #expect(other.code == "objects_elsewhere")
      #expect(try elsewhere.store.isClaimed(for: "somebody") == false)
      // With a place of another database, whose bytes would be removed.
      let second = try ObjectWorld(isEmpty: true)
      let taken = try world.place("server")
      #expect(
        "\(try #require(throws: (any Error).self) { try second.server { $0.objects = taken } })"
          .contains("another database"))
      // With keys that nobody knows.
      try world.admit(false)
      #expect(
        "\(try #require(throws: (any Error).self) { try world.server() })"
          .contains("refuses the credentials"))
    }

    /// One blob that is lost keeps nobody from starting; /readyz tells of the one that most jobs need.
    @Test func lostBytesAreToldOf() throws {
      let world = try ObjectWorld()
      let store = try PostgresStore(world.uri)
      let bytes = try world.bytes()
      func lose(_ digest: SHA256Digest) throws {
        let blob = try #require(try store.placedBlob(digest))
        try bytes.remove(blob.place)
      }
      let dataset = try store.dataset(ToyWorld.dataset)
      try lose(#require(dataset.record.manifest))
      do {
        let (service, client) = try world.server()
        defer { service.stop(deadline: 20) }
        #expect(try client.get("/readyz").text == "ready\n")
      }
      try lose(store.baseModel(ToyWorld.baseModel).record.blob)
      let (service, client) = try world.server()
      defer { service.stop(deadline: 20) }
      let reply = try client.get("/readyz")
      #expect(reply.status == 200)
      #expect(reply.text.contains("default base model are missing"), "\(reply.text)")
    }

    @Test func bytesOfNobodyAreRemovedAtLast() throws {
      let world = try ObjectWorld()
      let bytes = try world.bytes()
      let place = BlobPlace(new: SHA256.digest(of: Data("x".utf8)))
      try bytes.write(SpooledBytes(in: world.folder.path, Self.once("x")), to: place)
      #expect(try bytes.places(after: nil).places.contains(place))
      let (service, _) = try world.server {
        $0.housekeeping.orphanInterval = 0.01
        $0.housekeeping.interval = 0.05
      }
      defer { service.stop(deadline: 20) }
      try eventually { try !bytes.places(after: nil).places.contains(place) }
      #expect(try bytes.places(after: nil).places.count >= 3)
    }

    private static func once(_ text: String) -> () -> Data? {
      var rest: Data? = Data(text.utf8)
      return {
        defer { rest = nil }
        return rest
      }
    }
  }
#endif
