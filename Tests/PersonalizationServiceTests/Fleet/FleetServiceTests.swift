#if Fleet
  import Foundation
  import PersonalizationClient
  import PersonalizationService
  import PostgresStore
  import ServiceAPI
  import TestSupport
  import Testing

  /// Two servers and a worker on one database: none of them holds what another needs.
  @Suite(.enabled(if: PostgresDatabase.isThere, PostgresDatabase.reason), .serialized)
  struct FleetServiceTests {
    @Test func eventsReachTheServerThatDoesNothingItself() throws {
      // Others' commits are looked for well within a second.
      #expect(PostgresStore.Configuration().poll <= 500)
      let world = try FleetWorld()
      let (asked, other) = (try world.server(), try world.server())
      let job = try asked.jobs.submit(JobBody.long())
      // Before any worker is there: all that follows is others' commits.
      let stream = try EventReader(other.client, job: job.id)
      #expect(try stream.next()?.job?.status == "queued")
      let worker = try world.worker()
      defer { #expect(worker.stop(deadline: 20)) }
      // While it works, and not with its end only.
      var events: [EventStreamParser.Event] = []
      while let event = try stream.next() {
        events.append(event)
        if let fraction = event.job?.progress?.fraction, fraction > 0 { break }
      }
      #expect(events.last?.job?.status == "running")
      events += try stream.rest()
      #expect(stream.isComplete)
      let log = try asked.jobs.events(job.id)
      let ids = events.compactMap(\.line).map(\.id)
      // The list is the first page.
      #expect(ids == Array(1...Int64(ids.count)))
      #expect(Array(ids.prefix(log.count)) == log.map(\.id))
      #expect(events.last?.type == "end" && events.last?.job?.status == "succeeded")

      let model = try #require(events.last?.job?.resultModel)
      let bytes = try [asked, other].map { try $0.client.get("/models/\(model)") }
      #expect(bytes.allSatisfy { $0.status == 200 } && bytes[0].body == bytes[1].body)
    }

    /// A client that goes to the other server after every single event.
    @Test func streamsGoOnAtTheOtherServer() throws {
      let world = try FleetWorld()
      let servers = [try world.server(), try world.server()]
      let worker = try world.worker()
      defer { #expect(worker.stop(deadline: 20)) }
      let job = try servers[0].jobs.submit(JobBody.body(recipe: ["iterations": 8]))
      var ids: [Int64] = []
      var lastID: String?
      var end: JobResource?
      while end == nil {
        let stream = try EventReader(
          servers[ids.count % 2].client, job: job.id, lastID: lastID)
        while let event = try stream.next() {
          if event.type == "end" { end = event.job }
          guard let line = event.line else { continue }
          ids.append(line.id)
          lastID = event.lastID
          break
        }
      }
      #expect(end?.status == "succeeded")
      #expect(ids == Array(1...Int64(ids.count)) && ids.count > 8)
    }

    @Test func keysAndLimitsHoldOverAllServers() throws {
      let world = try FleetWorld()
      let servers = try (0..<2).map { _ in try world.server { $0.queueLimits.perUser = 2 } }
      func post(_ server: Int, seed: Int, key: String) throws -> HTTPClient.Reply {
        try servers[server].client.post(
          "/users/ada/classes", JobBody.body(seed: seed), fields: [("Idempotency-Key", key)])
      }
      let first = try post(0, seed: 1, key: "a")
      let again = try post(1, seed: 1, key: "a")
      #expect(first.status == 202 && first.json["id"] == again.json["id"])
      #expect(try post(1, seed: 2, key: "a").code == "idempotency_key_reused")
      // The same request under another key is the same job, and takes no place.
      #expect(try post(1, seed: 1, key: "b").json["id"] == first.json["id"])
      #expect(try post(1, seed: 2, key: "c").status == 202)
      for server in 0..<2 {
        let refused = try post(server, seed: 3, key: "d")
        #expect(refused.status == 429 && refused.code == "queue_full", "\(refused.text)")
      }
    }

    @Test func turnsAreTakenOverAllServers() throws {
      let world = try FleetWorld()
      let servers = [try world.server(), try world.server()]
      let ada = try (0..<3).map {
        try servers[$0 % 2].jobs.submit(JobBody.body(seed: $0), user: "ada").id
      }
      let bob = try servers[1].jobs.submit(JobBody.body(seed: 7), user: "bob").id
      for server in servers {
        #expect(try server.jobs.job(ada[0]).position == 0)
        #expect(try server.jobs.job(bob).position == 1)
        #expect(try ada.dropFirst().map { try server.jobs.job($0).position } == [2, 3])
      }
    }

    @Test func cancellingReachesTheWorkerThroughAnyServer() throws {
      let world = try FleetWorld()
      let (asked, other) = (try world.server(), try world.server())
      let worker = try world.worker()
      defer { #expect(worker.stop(deadline: 20)) }
      let job = try asked.jobs.submit(JobBody.endless)
      try asked.jobs.waitUntilRunning(job.id)
      let stream = try EventReader(asked.client, job: job.id)
      #expect(try other.client.send("POST", "/jobs/\(job.id)/cancel").status == 202)
      #expect(try stream.rest().last?.job?.status == "cancelled")
    }
  }
#endif
