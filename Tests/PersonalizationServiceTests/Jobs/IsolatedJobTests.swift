import Foundation
import PersonalizationService
import ServiceAPI
import TestSupport
import Testing

/// Jobs in processes of their own. One after the other: children are found by their parent.
@Suite(.serialized) struct IsolatedJobTests {
  private func server(
    folder: TemporaryFolder? = nil, _ configure: (inout Service.Configuration) -> Void = { _ in }
  ) throws -> TestService {
    let program = try ServerProcess.executable().path
    return try TestService(folder: folder) {
      $0.isolation = JobIsolation(program: program)
      configure(&$0)
    }
  }

  /// The processes of jobs that a process has started.
  private func children(of parent: Int32 = getpid()) -> Set<Int32> {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return Set(
      all.compactMap { Int32($0) }.filter { pid in
        guard let line = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8) else {
          return false
        }
        return line.hasSuffix("\0run-job\0--parent\0\(parent)\0")
      })
  }

  /// The process of the job that runs, once there is one that was not there before.
  private func child(of parent: Int32 = getpid(), but known: Set<Int32> = []) throws -> Int32 {
    for _ in 0..<6000 {
      if let found = children(of: parent).subtracting(known).first { return found }
      usleep(10_000)
    }
    throw JobFollower.Gone(description: "no process of a job")
  }

  private func bytes(_ server: TestService, _ id: String) throws -> Data {
    let job = try server.jobs.wait(id)
    #expect(job.status == "succeeded", "\(String(describing: job.error))")
    return try server.client.get("/models/\(try #require(job.resultModel))").body
  }

  @Test func makesTheSameModelAndTellsTheSame() throws {
    let (apart, together) = (try server(), try TestService())
    let body = JobBody.body(recipe: ["iterations": 3])
    let (first, second) = (try apart.jobs.submit(body).id, try together.jobs.submit(body).id)
    #expect(try bytes(apart, first) == bytes(together, second))
    let events = try [(apart, first), (together, second)].map { try $0.jobs.events($1) }
    #expect(events[0].map(\.message) == events[1].map(\.message))
    #expect(events[0].map(\.type) == events[1].map(\.type))
    // With a floor the run asks for states of earlier iterations.
    let floor = JobBody.body(
      sparsity: 0.85, recipe: ["iterations": 4, "final_epochs": 1], and: ["min_accuracy": 0.99])
    let ended = try [apart, together].map { try $0.jobs.wait($0.jobs.submit(floor).id) }
    #expect(ended[0].status == ended[1].status && ended[0].error?.code == ended[1].error?.code)
    let (isHealthy, text) = try apart.stopAndCheck()
    #expect(isHealthy, "\(text)")
    #expect(children().isEmpty)
  }

  @Test func goesOnFromTheStateOfAnotherProcess() throws {
    let reference = try TestService()
    let expected = try bytes(reference, reference.jobs.submit(JobBody.long()).id)
    let first = try server()
    let id = try first.jobs.submit(JobBody.long()).id
    try first.jobs.waitForEvent("iteration", of: id)
    #expect(first.stop())
    #expect(children().isEmpty)
    let second = try server(folder: first.folder)
    #expect(try bytes(second, id) == expected)
    let types = try second.jobs.events(id).map(\.type)
    #expect(types.contains("released") && types.contains("resumed"))
  }

  @Test func aProcessThatIsKilledIsThatJobsDeathAlone() throws {
    let server = try server { $0.workers = 2 }
    let id = try server.jobs.submit(JobBody.endless).id
    try server.jobs.waitUntilRunning(id)
    let victim = try child()
    // While another job runs, which goes on.
    let other = try server.jobs.submit(JobBody.long(seed: 5), user: "bob").id
    try server.jobs.waitForEvent("iteration", of: other)
    var known = children()
    #expect(kill(victim, SIGKILL) == 0)
    let again = try server.jobs.wait(id) { $0.status == "running" && $0.attempt == 2 }
    #expect(again.error == nil)
    #expect(try server.jobs.waitForEvent("died", of: id).message.contains("signal 9"))
    #expect(try server.jobs.wait(other).attempt == 1)
    for attempt in 2...3 {
      _ = try server.jobs.wait(id) { $0.status == "running" && $0.attempt == attempt }
      let pid = try child(but: known)
      known.insert(pid)
      #expect(kill(pid, SIGKILL) == 0)
    }
    let job = try server.jobs.wait(id)
    #expect(job.status == "failed" && job.error?.code == "job_process_ended")
    #expect(job.error?.message.contains("signal 9") == true)
    #expect(job.attempt == 3)
    #expect(try server.jobs.wait(server.jobs.submit().id).status == "succeeded")
    let (isHealthy, text) = try server.stopAndCheck()
    #expect(isHealthy, "\(text)")
  }

  @Test func aProcessThatTakesTooMuchIsEnded() throws {
    let small = try server { $0.isolation?.memoryBytes = 1 << 20 }
    let large = try small.jobs.wait(small.jobs.submit(JobBody.endless).id)
    #expect(large.status == "failed" && large.error?.code == "job_exceeded_limit")
    #expect(large.error?.message.contains("of 1048576 bytes of memory that one may take") == true)
    #expect(large.attempt == 1)
    let short = try server { $0.isolation?.seconds = 1 }
    let long = try short.jobs.wait(short.jobs.submit(JobBody.endless).id)
    #expect(long.status == "failed" && long.error?.code == "job_exceeded_limit")
    #expect(long.error?.message.contains("of 1.0 seconds that one may take") == true)
    #expect(children().isEmpty)
    #expect(try short.client.get("/readyz").status == 200)
  }

  @Test func cancellingReachesTheProcess() throws {
    let server = try server()
    let id = try server.jobs.submit(JobBody.endless).id
    try server.jobs.waitUntilRunning(id)
    #expect(try server.client.send("POST", "/jobs/\(id)/cancel").status == 202)
    #expect(try server.jobs.wait(id).status == "cancelled")
    #expect(children().isEmpty)
  }

  @Test func whatFailsThereSaysWhy() throws {
    let server = try server()
    try CornerSquares.writeIDX(
      to: server.folder.file("data"), classes: ToyWorld.labels, seed: 5)
    let job = try server.jobs.wait(server.jobs.submit().id)
    #expect(job.status == "failed" && job.error?.code == "dataset_changed")
    #expect(job.error?.message.contains("'toy'") == true)
    #expect(job.error?.message.contains(server.folder.path) == false)
  }

  /// A package manager puts another file at the path: the jobs of what runs are run by what runs.
  @Test(arguments: [true, false]) func anUpgradeInPlaceChangesNothingForWhatRuns(isReplaced: Bool)
    throws
  {
    let world = try CrashWorld()
    let folder = try TemporaryFolder()
    let program = folder.file("crisp-server")
    try FileManager.default.copyItem(atPath: ServerProcess.executable().path, toPath: program)
    let server = try ServerProcess(
      database: world.database, program: program, arguments: ["--isolate-jobs"])
    try FileManager.default.removeItem(atPath: program)
    if isReplaced {
      try Data("#!/bin/false\n".utf8).write(to: URL(fileURLWithPath: program))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    }
    #expect(try server.jobs.wait(server.jobs.submit().id).status == "succeeded")
    #expect(try server.end(with: SIGTERM).status == 0)
  }

  @Test func diesWithItsServerAndKnowsNoSecrets() throws {
    let world = try CrashWorld()
    let server = try ServerProcess(
      database: world.database, arguments: ["--isolate-jobs"],
      wrapper: [
        "/usr/bin/env", "PGPASSWORD=secret", "https_proxy=http://a:secret@b",
        "CRISP_LOG_LEVEL=error", "LANG=C",
      ])
    let id = try server.jobs.submit(JobBody.endless).id
    try server.jobs.waitUntilRunning(id)
    let pid = try child(of: server.processIdentifier)
    let variables = try String(contentsOfFile: "/proc/\(pid)/environ", encoding: .utf8)
      .split(separator: "\0")
    #expect(variables.contains("LANG=C"))
    #expect(!variables.contains { $0.hasPrefix("PG") || $0.hasPrefix("CRISP_LOG") })
    #expect(!variables.contains { $0.contains("secret") })
    // Standard input, which is the channel, output and error; and what it opened itself.
    let first = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/0")
    #expect(first.hasPrefix("socket:"))
    #expect(try server.end(with: SIGKILL).reason == .uncaughtSignal)
    for _ in 0..<6000 where kill(pid, 0) == 0 { usleep(10_000) }
    #expect(kill(pid, 0) != 0)
    #expect(try world.faults() == [])
  }
}
