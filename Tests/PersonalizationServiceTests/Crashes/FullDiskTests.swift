import Foundation
import PersonalizationService
import ServiceAPI
import TestSupport
import Testing

@Suite(.enabled(if: SmallDisk.isAvailable, "unshare(1) may not mount here"))
struct FullDiskTests {
  @Test func aFullDiskIsSaidAndRecoveredFrom() throws {
    let world = try CrashWorld()
    let disk = try SmallDisk(world.folder)
    let server = disk.server
    let running = try server.jobs.submit(JobBody.long(), user: "runs")
    try server.jobs.waitForEvent("iteration", of: running.id)
    try disk.fill()

    // The log has some room of its own; then everything that writes is refused.
    func post(_ number: Int) throws -> HTTPClient.Reply {
      try server.client.post(
        "/users/user \(number)/classes".replacing(" ", with: "%20"),
        JobBody.body(seed: number))
    }
    var accepted: [String] = []
    var refusal: HTTPClient.Reply?
    for number in 1...900 where refusal == nil {
      let reply = try post(number)
      if reply.status == 202 {
        accepted.append(reply.json["id"]?.text ?? "")
      } else {
        refusal = reply
      }
    }
    let full = try #require(refusal)
    #expect(full.status == 507, "\(full.text)")
    #expect(full.code == "disk_full")
    #expect(try server.client.send("DELETE", "/users/runs").status == 507)
    // What only reads goes on.
    #expect(try server.client.get("/readyz").status == 200)
    for id in accepted.suffix(3) + [running.id] {
      let job = try server.jobs.job(id)
      #expect(job.status != "failed", "\(job)")
    }

    try disk.empty()
    #expect(try post(1000).status == 202)
    #expect(try server.jobs.wait(running.id).status == "succeeded")
    // What was accepted while there was room is there, and nothing else.
    for id in accepted { _ = try server.client.send("POST", "/jobs/\(id)/cancel") }
    for id in accepted { #expect(try server.jobs.wait(id).status != "failed") }
    let refused = try server.client.get("/users/user%20\(accepted.count + 1)").status
    #expect(refused == 404)
    #expect(try server.jobs.wait(server.jobs.submit(user: "last").id).status == "succeeded")
    let (isHealthy, text) = try Administration(database: disk.database).check()
    #expect(isHealthy, "\(text)")
    #expect(try server.end(with: SIGTERM).status == 0)
  }

  /// Whether a server on a full disk found it when it came, after another that ended well or died.
  @Test(arguments: [SIGTERM, SIGKILL]) func aServerStartsOnAFullDisk(end: Int32) throws {
    let world = try CrashWorld()
    let first = try ServerProcess(database: world.database)
    let running = try first.jobs.submit(JobBody.long(), user: "runs")
    try first.jobs.waitForEvent("iteration", of: running.id)
    _ = try first.end(with: end)
    let disk = try SmallDisk(world.folder, isFull: true)
    let server = disk.server
    #expect(try server.jobs.job(running.id).id == running.id)
    let full = try server.client.post("/users/late/classes", JobBody.body(seed: 1))
    #expect(full.status == 507 && full.code == "disk_full", "\(full.text)")
    let ready = try server.client.get("/readyz")
    #expect(ready.status == 200 && ready.text.contains("no space is left"), "\(ready.text)")
    #expect(try server.client.get("/metrics").text.contains("\ncrisp_database_writable 0\n"))

    try disk.empty()
    let posted = try server.client.post("/users/late/classes", JobBody.body(seed: 1))
    #expect(posted.status == 202, "\(posted.text)")
    #expect(try server.client.get("/readyz").text == "ready\n")
    #expect(try server.client.get("/metrics").text.contains("\ncrisp_database_writable 1\n"))
    #expect(try server.jobs.wait(running.id).status == "succeeded")
    #expect(try server.jobs.wait(posted.json["id"]?.text ?? "").status == "succeeded")
    #expect(try server.end(with: SIGTERM).status == 0)
  }

  @Test func commandsReadWhatCannotBeWritten() throws {
    let world = try CrashWorld()
    let run = try ServerProcess.run(
      ["check", "--db", world.folder.file("disk/crisp.sqlite")],
      wrapper: SmallDisk.wrapper(world.folder, then: #"mount -o remount,ro none "$folder/disk""#))
    #expect(run.status == 0 && run.output.hasPrefix("ok: "), "\(run)")
  }

  @Test func aDatabaseThatCannotBeWrittenIsRefused() throws {
    let world = try CrashWorld()
    let run = try ServerProcess.run(
      ["--db", world.folder.file("disk/crisp.sqlite"), "--port", "0"],
      wrapper: SmallDisk.wrapper(world.folder, then: #"mount -o remount,ro none "$folder/disk""#))
    #expect(run.reason == .exit && run.status != 0)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("disk/crisp.sqlite cannot be written"), "\(run.errors)")
    #expect(run.errors.contains("check the permissions"))
  }
}
