import Foundation
import GRDB
import PersonalizationService
import ServiceAPI
import SQLiteStore
import Store
import Synchronization
import TestSupport
import Testing

/// What jobs are expected to cost, before they are accepted and while they run.
@Suite struct JobBudgetTests {
  /// A thousand times a thousand epochs of a million images of each class.
  private static let years = JobBody.body(recipe: [
    "iterations": 1000, "epochs_per_iteration": 1000, "samples_per_class": 1_000_000,
  ])

  private struct Refusal: Decodable {
    let exceeds: [EstimateResource.Excess]
  }

  @Test func whatIsTooLargeIsRefusedByName() throws {
    let server = try TestService { $0.workers = 0 }
    let reply = try server.client.post("/users/ada/classes", Self.years)
    #expect(reply.status == 422)
    #expect(reply.json["code"]?.text == "job_too_large")
    #expect(reply.json["param"]?.text == "recipe.iterations")
    #expect(
      reply.json["fields"]
        == ["recipe.iterations", "recipe.epochs_per_iteration", "recipe.samples_per_class"])
    #expect(try #require(reply.json["estimate"]?["steps"]?.double) > 1e11)
    #expect(try reply.decode(Refusal.self).exceeds.map(\.limit) == ["steps", "seconds"])
    #expect(
      reply.json["detail"]?.text?.contains("updates, of 2000000 updates that one job may take")
        == true)
    // Nothing came of it.
    #expect(try server.client.get("/jobs").json["data"] == [])
    #expect(try server.client.get("/users/ada").status == 404)
  }

  @Test func eachLimitIsAFlag() throws {
    for (limit, fields) in [
      ("memory_bytes", ["recipe.batch_size", "base_model"]),
      ("disk_bytes", ["base_model"]),
      ("seconds", ["recipe.final_epochs", "recipe.iterations", "recipe.batch_size", "classes"]),
    ] {
      let server = try TestService {
        $0.workers = 0
        switch limit {
        case "memory_bytes": $0.jobLimits.memoryBytes = 1 << 20
        case "disk_bytes": $0.jobLimits.diskBytes = 1 << 10
        default: $0.jobLimits.seconds = 1
        }
      }
      let reply = try server.client.post("/users/ada/classes", JobBody.quick)
      #expect(reply.status == 422 && reply.json["code"]?.text == "job_too_large")
      #expect(try reply.decode(Refusal.self).exceeds.map(\.limit) == [limit])
      let param = try #require(reply.json["param"]?.text)
      #expect(fields.contains(param), "\(limit): \(param)")
    }
  }

  @Test func dryRunsAnswerTheEstimateAndStoreNothing() throws {
    let server = try TestService { $0.workers = 0 }
    func ask(_ body: JSONValue, _ value: String = "true") throws -> HTTPClient.Reply {
      try server.client.post("/users/ada/classes?dry_run=\(value)", body)
    }
    let reply = try ask(JobBody.quick)
    #expect(reply.status == 200)
    let estimate: EstimateResource = try reply.decode()
    // An epoch is 64 images of each of two classes in batches of 16: 1 + 2 · 1 + 2 epochs of 8.
    #expect(estimate.estimate.steps == 8 * (1 + 2 * 2 + 2))
    #expect(estimate.exceeds.isEmpty && estimate.baseModel == ToyWorld.baseModel)
    #expect(!estimate.estimate.isMeasured)
    let large: EstimateResource = try ask(Self.years).decode()
    #expect(large.exceeds.map(\.limit) == ["steps", "seconds"])
    #expect(try ask(JobBody.quick, "maybe").json["param"]?.text == "dry_run")
    #expect(try ask(["classes": ["nobody", "middle"]]).json["code"]?.text == "unknown_class")
    #expect(try server.client.get("/jobs").json["data"] == [])
    // `false` is a request like any other.
    let job: JobResource = try ask(JobBody.quick, "false").decode()
    #expect(job.estimate == estimate.estimate)
    #expect(try server.jobs.job(job.id).estimate == estimate.estimate)
  }

  @Test func aJobThatTakesTooLongIsEnded() throws {
    let clock = JobClock()
    let server = try TestService { $0.jobClock = { clock.now.withLock { $0 } } }
    let id = try server.jobs.submit(JobBody.endless).id
    try server.jobs.waitForEvent("stage", of: id)
    clock.now.withLock { $0 = .seconds(10_000_000) }
    let job = try server.jobs.wait(id)
    #expect(job.status == "failed")
    #expect(job.error?.code == "job_exceeded_estimate")
    let estimate = try #require(job.estimate)
    let message = try #require(job.error?.message)
    #expect(message.contains("it took 10000000 seconds"), "\(message)")
    #expect(message.contains("\(Int(estimate.seconds.rounded())) seconds"), "\(message)")
  }

  @Test func aJobThatTakesTooMuchMemoryIsEnded() throws {
    let first = try TestService { $0.workers = 0 }
    let id = try first.jobs.submit().id
    first.stop()
    // What it will take is far more than three times this.
    try DatabaseQueue(path: first.database).write { db in
      try db.execute(
        sql: """
          UPDATE jobs SET memory_estimate = 10000,
            estimate = json_set(estimate, '$.memory_bytes', 10000)
          """)
    }
    let second = try TestService(folder: first.folder)
    let job = try second.jobs.wait(id)
    #expect(job.status == "failed" && job.attempt == 1)
    #expect(job.error?.code == "job_exceeded_estimate")
    #expect(job.error?.message.contains("was estimated at 10000 bytes of memory") == true)
    // It was known at once whose memory it was.
    let used = try DatabaseQueue(path: first.database).read { db in
      try Int.fetchOne(db, sql: "SELECT memory_used FROM jobs")
    }
    #expect(try #require(used) > 10000)
  }

  @Test func idleWorkersMeasureAndFinishedJobsRefine() throws {
    let server = try TestService()
    func estimate() throws -> EstimateResource {
      try server.client.post("/users/ada/classes?dry_run=true", JobBody.quick).decode()
    }
    try eventually { try estimate().estimate.isMeasured }
    let measured = try estimate().estimate
    let store = try SQLiteStore(path: server.database)
    let machine = try #require(
      try DatabaseQueue(path: server.database).read { db in
        try String.fetchOne(db, sql: "SELECT machine FROM speeds")
      })
    func speed() throws -> SpeedRecord {
      try #require(try store.speed(ofBaseModel: ToyWorld.baseModel, machine: machine))
    }
    #expect(try speed().jobs == 0)
    for number in 1...2 {
      let job = try server.jobs.wait(server.jobs.submit(JobBody.body(seed: number)).id)
      #expect(job.status == "succeeded")
      #expect(try speed().jobs == number)
    }
    #expect(try estimate().estimate.steps == measured.steps)
  }
}

/// A time that stands still until a test sets it.
private final class JobClock: Sendable {
  let now = Mutex(Duration.zero)
}
