import Foundation
import Logging
import PersonalizationService
import ServiceAPI
import SQLiteStore
import Store
import TestSupport
import Testing

/// What goes away by itself while a server runs.
@Suite struct HousekeepingTests {
  @Test func keysEventsAndBlobsExpire() throws {
    let server = try TestService {
      $0.housekeeping.interval = 0.05
      $0.housekeeping.grace = 1
      $0.housekeeping.keyLifetime = 0
      $0.housekeeping.logLifetime = 0
    }
    let store = try SQLiteStore(path: server.database)
    let stray = try store.put(Data("nobody's".utf8))
    func post(_ body: JSONValue) throws -> HTTPClient.Reply {
      try server.client.post("/users/ada/classes", body, fields: [("Idempotency-Key", "k")])
    }
    let first: JobResource = try post(JobBody.quick).decode()
    #expect(try server.jobs.wait(first.id).status == "succeeded")
    try eventually { try server.jobs.events(first.id).isEmpty }
    try eventually { try store.blob(stray.digest) == nil }
    // Once the key has expired it stands for a new request.
    try eventually { try post(JobBody.body(seed: 1)).status == 202 }
    // What is in use stays.
    #expect(try server.jobs.job(first.id).status == "succeeded")
    #expect(try store.statistics().models > 0)
    #expect(try store.check().isHealthy)
  }

  @Test func checkpointsGoWithTheirJobs() throws {
    let server = try TestService { $0.housekeeping.interval = 3600 }
    let store = try SQLiteStore(path: server.database)
    let before = try store.statistics().blobs
    let job = try server.jobs.submit(JobBody.long())
    try server.jobs.waitForEvent("iteration", of: job.id)
    #expect(try server.jobs.wait(job.id).status == "succeeded")
    // Sixty checkpoints were written; the model is what is left.
    #expect(try store.statistics().blobs == before + 1)
  }

  @Test func deletionsAreErasedWhileTheServerRuns() throws {
    let server = try TestService { $0.housekeeping.interval = 3600 }
    let user = "Wilhelmina Zweig"
    #expect(try server.jobs.wait(server.jobs.submit(user: user.encoded).id).status == "succeeded")
    #expect(try server.client.send("DELETE", "/users/\(user.encoded)").status == 204)
    try eventually {
      try ["", "-wal"].allSatisfy { suffix in
        let file = URL(fileURLWithPath: server.database + suffix)
        return try Data(contentsOf: file).range(of: Data(user.utf8)) == nil
      }
    }
  }
}
