import Dispatch
import GRDB
import Testing

@Suite struct ReadinessTests {
  @Test func aServerThatIsAboutToStopIsNotReady() throws {
    let server = try TestService()
    #expect(try server.client.get("/readyz").status == 200)
    server.service.announceStop()
    let reply = try server.client.get("/readyz")
    #expect(reply.status == 503)
    #expect(reply.code == "draining")
    #expect(reply["Retry-After"] == "5")
    // It lives, and does its work.
    #expect(try server.client.get("/healthz").status == 200)
    #expect(try server.client.get("/jobs").status == 200)
    #expect(server.stop())
  }

  @Test func aServerGoesOnAnsweringForTheDelay() throws {
    let server = try TestService { $0.drainDelay = 600 }
    let stopped = DispatchSemaphore(value: 0)
    let service = server.service
    DispatchQueue(label: "stopper").async {
      service.stop(deadline: 20)
      stopped.signal()
    }
    // From the moment on in which it is told to stop.
    while try server.client.get("/readyz").status == 200 {}
    #expect(try server.client.get("/jobs").status == 200)
    service.skipDrainDelay()
    #expect(stopped.wait(timeout: .now() + 30) == .success)
    #expect(throws: HTTPClient.Failure.self) { try server.client.get("/jobs") }
  }

  @Test func aServerWithoutItsDatabaseIsNotReady() throws {
    let server = try TestService()
    // The server may be writing, too.
    var configuration = Configuration()
    configuration.busyMode = .timeout(30)
    try DatabaseQueue(path: server.database, configuration: configuration).write { db in
      for table in ["base_models", "jobs"] {
        try db.execute(sql: "ALTER TABLE \(table) RENAME TO gone_\(table)")
      }
    }
    let reply = try server.client.get("/readyz")
    #expect(reply.status == 503)
    #expect(reply.code == "not_ready")
    #expect(try server.client.get("/healthz").status == 200)
    // The metrics say so, too.
    let scrape = try Scrape(server.client)
    #expect(scrape["crisp_database_up"] == 0)
    #expect(scrape["crisp_sqlite_pages"] == nil)
    #expect(scrape["process_threads"] != nil)
  }
}
