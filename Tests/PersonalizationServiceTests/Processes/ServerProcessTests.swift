import Foundation
import PersonalizationService
import ServiceAPI
import SQLiteStore
import Store
import TestSupport
import Testing

/// The built program, killed and stopped.
@Suite struct ServerProcessTests {
  @Test func aKilledServerGoesOnWithItsJob() throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let first = try ServerProcess(database: database)
    let id = try first.jobs.submit(JobBody.long()).id
    let event = try first.jobs.waitForEvent("iteration", of: id)
    let killed = try first.end(with: SIGKILL)
    #expect(killed.reason == .uncaughtSignal)
    #expect(killed.status == SIGKILL)

    let second = try ServerProcess(database: database)
    let job = try second.jobs.wait(id)
    #expect(job.status == "succeeded", "\(String(describing: job.error))")
    #expect(job.attempt == 2)
    let events = try second.jobs.events(id)
    #expect(events.map(\.id) == Array(1...Int64(events.count)))
    #expect(events.contains { $0.type == "resumed" && $0.id > event.id })
    #expect(!events.contains { $0.type == "restarted" })
    let packed = try second.client.get("/models/\(try #require(job.resultModel))").body

    // The same request in a server that nobody interrupted.
    let calm = try TestService()
    let reference = try calm.jobs.wait(calm.jobs.submit(JobBody.long()).id)
    #expect(try calm.client.get("/models/\(try #require(reference.resultModel))").body == packed)

    let stopped = try second.end(with: SIGTERM)
    #expect(stopped.reason == .exit)
    #expect(stopped.status == 0)
    let (isHealthy, text) = try Administration(database: database).check()
    #expect(isHealthy, "\(text)")
  }

  /// A mistyped path must not pass for an empty database, least of all in a nightly backup.
  @Test(arguments: [["check"], ["backup"], ["token", "list"], ["token", "revoke"]])
  func commandsOnADatabaseNeedOne(command: [String]) throws {
    let folder = try TemporaryFolder()
    let missing = folder.file("crisp.sqlite")
    var arguments = command + ["--db", missing]
    if ["backup", "revoke"].contains(command.last) { arguments.append(folder.file("copy.sqlite")) }
    let run = try ServerProcess.run(arguments)
    #expect(run.status != 0)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("cannot open \(missing): there is no such file"), "\(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func theFolderOfDevicesMustBeThere() throws {
    let folder = try TemporaryFolder()
    let run = try ServerProcess.run(
      ["--db", folder.file("crisp.sqlite"), "--port", "0", "--devices", folder.file("none")])
    #expect(run.status != 0)
    #expect(run.errors.contains("there is no folder '\(folder.file("none"))'"), "\(run.errors)")
  }

  @Test func aJobThatKillsItsServerThreeTimesFails() throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    var id: String?
    for attempt in 1...3 {
      let server = try ServerProcess(database: database)
      let job = try id ?? server.jobs.submit(JobBody.endless).id
      id = job
      _ = try server.jobs.wait(job) { $0.status == "running" && $0.attempt == attempt }
      #expect(try server.end(with: SIGKILL).reason == .uncaughtSignal)
    }
    let last = try ServerProcess(database: database)
    let job = try last.jobs.wait(#require(id))
    #expect(job.status == "failed")
    #expect(job.error?.code == "worker_died_repeatedly")
    #expect(job.attempt == 3)
    // The others' jobs go on.
    #expect(try last.jobs.wait(last.jobs.submit().id).status == "succeeded")
    #expect(try last.end(with: SIGTERM).status == 0)
  }

  @Test func aDeletedUserIsGoneFromTheFilesWhenTheServerStops() throws {
    let world = try CrashWorld()
    let server = try ServerProcess(database: world.database)
    let user = "Wilhelmina Zweig"
    let job = try server.jobs.wait(server.jobs.submit(user: user.encoded).id)
    let model = try #require(job.resultModel)
    _ = try server.jobs.submit(JobBody.endless, user: user.encoded)
    #expect(try world.remains(of: [user]) == [user])
    #expect(try server.client.send("DELETE", "/users/\(user.encoded)").status == 204)
    #expect(try server.client.get("/models/\(model)").status == 404)
    #expect(try server.end(with: SIGTERM).status == 0)
    #expect(try world.remains(of: [user]) == [])
    #expect(try world.faults() == [])
  }

  @Test func whatDoesNotStopInTimeIsNoDeath() throws {
    let world = try CrashWorld()
    let server = try ServerProcess(
      database: world.database, arguments: ["--drain-deadline", "0"])
    let id = try server.jobs.submit(JobBody.endless).id
    try server.jobs.waitUntilRunning(id)
    // Whether or not the worker looked up before the deadline.
    _ = try server.end(with: SIGTERM)
    let store = try SQLiteStore(path: world.database)
    let job = try store.job(#require(JobID(rawValue: id)))
    #expect(job.status == .queued)
    #expect(job.deaths == 0)
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func signalsPutRunningJobsBackIntoTheQueue(signal: Int32) throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let server = try ServerProcess(database: database)
    let id = try server.jobs.submit(JobBody.long()).id
    try server.jobs.waitForEvent("iteration", of: id)
    let end = try server.end(with: signal, within: 20)
    #expect(end.reason == .exit)
    #expect(end.status == 0)
    let store = try SQLiteStore(path: database)
    let job = try #require(JobID(rawValue: id))
    #expect(try store.job(job).status == .queued)
    #expect(try store.job(job).deaths == 0)
    #expect(try store.latestCheckpoint(job) != nil)
    #expect(try store.check().isHealthy)
  }
}
