#if Fleet
  import Foundation
  import ObjectStore
  import PersonalizationService
  import PostgresStore
  import SQLiteStore
  import ServiceAPI
  import Store
  import TestSupport
  import Testing

  /// From one file to PostgreSQL and an object store, both real.
  @Suite(.enabled(if: ObjectWorld.isThere, ObjectWorld.reason))
  struct StoreMoveTests {
    private struct Stopped: Error {}

    /// A file with one of everything: a model that was made, one in another format, a job that was stopped
    /// while it ran, one that waits, tokens.
    private func source() throws -> (folder: TemporaryFolder, database: String, model: String) {
      let server = try TestService { $0.workers = 1 }
      let job = try server.jobs.submit()
      let done = try server.jobs.wait(job.id)
      let model = try #require(done.resultModel)
      #expect(try server.client.get("/models/\(model)?format=onnx").status == 200)
      let long = try server.jobs.submit(JobBody.long(), user: "bob")
      try server.jobs.waitUntilRunning(long.id)
      _ = try server.jobs.submit(JobBody.body(seed: 5), user: "bob")
      server.stop()
      _ = try Administration(database: server.database).createToken(user: "ada", label: "laptop")
      let store = try SQLiteStore(path: server.database)
      _ = try store.setQueuePaused(true)
      try store.close()
      return (server.folder, server.database, model)
    }

    @Test func everythingIsThereAfterwards() throws {
      let (folder, database, model) = try source()
      let world = try ObjectWorld(isEmpty: true)
      let place = try world.place("operator")
      let file = try Data(contentsOf: URL(fileURLWithPath: database))

      // Stopped after its first blob, and done again.
      var told: [String] = []
      #expect(throws: Stopped.self) {
        try StoreMove(from: database, to: world.uri, objects: place) {
          told.append($0)
          throw Stopped()
        }.run()
      }
      #expect(told.count == 1)
      #expect(try PostgresStore(world.uri).statistics().users == 0)
      let said = try StoreMove(from: database, to: world.uri, objects: place) { _ in }.run()
      #expect(said.contains("; 1 were there;"), "\(said)")
      #expect(said.contains("2 users") && said.contains("3 jobs") && said.contains("1 tokens"))
      #expect(said.contains("moved data set 'toy' to the object store"))
      // And a third time there is nothing to do.
      let again = try StoreMove(from: database, to: world.uri, objects: place) { _ in }.run()
      #expect(again.contains("moved 0 blobs") && again.contains("moved before"), "\(again)")
      #expect(!again.contains("warning"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == file)

      let old = try SQLiteStore(path: database)
      let new = try PostgresStore(world.uri, bytes: ObjectBlobs(place.store))
      for id in try old.jobs(JobFilter(), after: nil, limit: 100).elements.map(\.id) {
        let (was, now) = (try old.job(id), try new.job(id))
        #expect(now.profile == was.profile && now.recipe == was.recipe && now.status == was.status)
        #expect(now.resultModel == was.resultModel && now.createdAt == was.createdAt)
        #expect(
          try new.events(of: id, after: 0, limit: 1000).elements
            == old.events(of: id, after: 0, limit: 1000).elements)
        #expect(try new.requesters(of: id) == old.requesters(of: id))
      }
      #expect(try new.tokens() == old.tokens())
      #expect(
        try new.models(ModelFilter(), after: nil, limit: 100).elements
          == old.models(ModelFilter(), after: nil, limit: 100).elements)
      #expect(try new.profiles(of: UserID("bob")) == old.profiles(of: UserID("bob")))
      #expect(try new.baseModels().map(\.record) == old.baseModels().map(\.record))
      #expect(try new.defaultBaseModel() == ToyWorld.baseModel)
      #expect(
        try new.users(UserFilter(), after: nil, limit: 100).elements.map(\.seenAt)
          == old.users(UserFilter(), after: nil, limit: 100).elements.map(\.seenAt))
      #expect(try new.queuePaused() != nil)
      #expect(try new.setQueuePaused(false))
      #expect(try new.check { _ in }.isHealthy)
      try old.close()

      // Nobody needs the old machine any more: what waited is done elsewhere, and new jobs get new numbers.
      try FileManager.default.removeItem(atPath: folder.path)
      let token = try Administration(database: world.uri, objects: place)
        .createToken(user: nil, label: "operator").token
      let (service, client) = try world.server { $0.workers = 1 }
      defer { service.stop(deadline: 20) }
      let jobs = JobFollower(client.with([("Authorization", "Bearer \(token.secret)")]))
      let next = try jobs.submit(JobBody.body(seed: 77), user: "cem")
      for job in try new.jobs(JobFilter(), after: nil, limit: 100).elements {
        #expect(try jobs.wait(job.id.rawValue).status == "succeeded")
      }
      #expect(try jobs.wait(next.id).status == "succeeded")
      #expect(try jobs.client.get("/models/\(model)").status == 200)
    }

    @Test func bytesMayStayInTheDatabase() throws {
      let (folder, database, _) = try source()
      defer { withExtendedLifetime(folder) {} }
      let world = try ObjectWorld(isEmpty: true)
      let said = try StoreMove(from: database, to: world.uri) { _ in }.run()
      #expect(said.contains("workers need its files at"))
      #expect(try PostgresStore(world.uri).check { _ in }.isHealthy)
    }

    /// A report that cannot be written ends the move wherever it is, also while a data set is sent.
    @Test func whatIsDeletedStaysDeletedAndNoReportIsLost() throws {
      let (folder, database, model) = try source()
      defer { withExtendedLifetime(folder) {} }
      let world = try ObjectWorld(isEmpty: true)
      let place = try world.place("operator")
      #expect(throws: Stopped.self) {
        try StoreMove(from: database, to: world.uri, objects: place) {
          if $0.hasPrefix("data set") { throw Stopped() }
        }.run()
      }
      let administration = try Administration(existing: world.uri, objects: place)
      let store = try PostgresStore(world.uri, bytes: ObjectBlobs(place.store))
      let digest = try store.model(#require(ModelID(rawValue: model))).blob.digest
      _ = try administration.removeModel(model)
      _ = try store.collectGarbage(olderThan: 0)
      #expect(try store.blob(digest) == nil)
      let said = try StoreMove(from: database, to: world.uri, objects: place) { _ in }.run()
      #expect(said.contains("moved 0 blobs") && !said.contains(" 0 have been deleted"), "\(said)")
      #expect(said.contains("moved data set 'toy'"))
      #expect(try store.blob(digest) == nil)
    }

    @Test func whatMustNotBeMovedIsRefused() throws {
      let server = try TestService()
      let world = try ObjectWorld(isEmpty: true)
      func code(_ from: String, _ to: String) -> String {
        do {
          return try StoreMove(from: from, to: to) { _ in }.run()
        } catch let error as StoreError { return error.code } catch let error as ServiceError {
          return error.code
        } catch { return "\(error)" }
      }
      #expect(code(server.database, world.uri) == "database_served")
      server.stop()
      #expect(code(world.uri, world.uri) == "move_needs_file")
      #expect(code(server.database, server.database) == "move_needs_server")
      #expect(code(server.folder.file("none"), world.uri) == "cannot_open_database")
      // Somebody uses it already.
      _ = try Administration(database: world.uri).createToken(user: "eve", label: "phone")
      #expect(code(server.database, world.uri) == "move_target_in_use")
      // The place that was given with it is nobody's afterwards, as before.
      let place = try world.place("operator")
      let refused = try #require(throws: ServiceError.self) {
        try StoreMove(from: server.database, to: world.uri, objects: place) { _ in }.run()
      }
      #expect(refused.code == "move_target_in_use")
      #expect(try place.store.isClaimed(for: "somebody") == false)
      // It changed since it was moved.
      let second = try ObjectWorld(isEmpty: true)
      _ = try StoreMove(from: server.database, to: second.uri) { _ in }.run()
      _ = try Administration(database: server.database).createToken(user: "ada", label: "phone")
      #expect(code(server.database, second.uri) == "move_target_in_use")
    }

    @Test func bytesThatAreDamagedAreNotMoved() throws {
      let (folder, database, _) = try source()
      defer { withExtendedLifetime(folder) {} }
      try RawSQL(database).execute(
        "UPDATE blob_chunks SET bytes = zeroblob(length(bytes)) WHERE rowid = (SELECT max(rowid) FROM blob_chunks)"
      )
      let world = try ObjectWorld(isEmpty: true)
      let error = try #require(throws: StoreError.self) {
        try StoreMove(from: database, to: world.uri) { _ in }.run()
      }
      #expect(error.code == "blob_corrupt")
      #expect(try PostgresStore(world.uri).statistics().users == 0)
    }
  }
#endif
