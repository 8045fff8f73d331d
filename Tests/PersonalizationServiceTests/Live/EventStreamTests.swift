import Foundation
import PersonalizationService
import ServiceAPI
import Testing

@Suite struct EventStreamTests {
  @Test func tellsTheWholeCourseInOrder() throws {
    let server = try TestService()
    let job = try server.jobs.submit()
    let stream = try EventReader(server.client, job: job.id)
    #expect(stream.status == 200)
    #expect(stream.head.contains("\r\nContent-Type: text/event-stream\r\n"))
    #expect(stream.head.contains("\r\nCache-Control: no-store\r\n"))
    let events = try stream.rest()
    #expect(stream.isComplete)

    let log = try server.jobs.events(job.id)
    #expect(events.compactMap(\.line).map(\.id) == log.map(\.id))
    #expect(events.compactMap(\.line).map(\.message) == log.map(\.message))
    for event in events { if let line = event.line { #expect(event.lastID == String(line.id)) } }

    let states = events.compactMap(\.job)
    #expect(events.last?.type == "end")
    #expect(events.filter { $0.type == "end" }.count == 1)
    #expect(events.dropLast().allSatisfy { ["log", "progress"].contains($0.type) })
    let last = try #require(states.last)
    #expect(last.status == "succeeded")
    #expect(last.resultModel == (try server.jobs.job(job.id)).resultModel)
    #expect(states.dropLast().allSatisfy { !$0.isFinished })
    let fractions = states.compactMap { $0.progress?.fraction }
    #expect(fractions == fractions.sorted())
  }

  @Test func finishedJobsAreToldAtOnce() throws {
    let server = try TestService()
    let job = try server.jobs.wait(server.jobs.submit().id)
    let log = try server.jobs.events(job.id)
    let all = try EventReader(server.client, job: job.id).rest()
    #expect(all.compactMap(\.line).map(\.id) == log.map(\.id))
    #expect(all.map(\.type) == log.map { _ in "log" } + ["end"])
    // From every place in it, by either way; the field wins.
    for position in 0...log.count {
      let expected = log.dropFirst(position).map(\.id)
      for (query, lastID) in [
        ("?after=\(position)", nil), ("", "\(position)"), ("?after=1", "\(position)"),
        ("?after=\(position)", ""),
      ] {
        let rest = try EventReader(server.client, job: job.id, query: query, lastID: lastID).rest()
        #expect(rest.compactMap(\.line).map(\.id) == expected)
        #expect(rest.last?.job?.status == "succeeded")
      }
    }
  }

  /// A client that loses its connection after every single event of a job that runs.
  @Test func cutsAtEveryEventLeaveNoGapAndNoDuplicate() throws {
    let server = try TestService()
    let job = try server.jobs.submit(JobBody.long())
    var lastID: String?
    var ids: [Int64] = []
    var end: JobResource?
    while end == nil {
      let stream = try EventReader(server.client, job: job.id, lastID: lastID)
      while let event = try stream.next() {
        if event.type == "end" { end = event.job }
        if let line = event.line {
          ids.append(line.id)
          lastID = event.lastID
          break
        }
      }
    }
    #expect(end?.status == "succeeded")
    #expect(ids == Array(1...Int64(ids.count)))
    // More than the server keeps at hand: whoever starts late gets them all too.
    #expect(ids.count > 64)
    let all = try EventReader(server.client, job: job.id).rest()
    #expect(all.compactMap(\.line).map(\.id) == ids)
  }

  @Test func silenceIsBrokenByHeartbeats() throws {
    let server = try TestService { $0.eventHeartbeat = .milliseconds(100) }
    let blocker = try server.jobs.submit(JobBody.endless)
    try server.jobs.waitUntilRunning(blocker.id)
    let job = try server.jobs.submit(user: "grace")
    let stream = try EventReader(server.client, job: job.id)
    #expect(try stream.next()?.job?.status == "queued")
    try stream.waitForComment()
    try stream.waitForComment()
    #expect(try server.client.send("POST", "/jobs/\(job.id)/cancel").status == 200)
    #expect(try stream.next()?.job?.status == "cancelled")
    #expect(try stream.next() == nil)
  }

  @Test func drainingEndsStreamsCleanly() throws {
    let server = try TestService()
    let job = try server.jobs.submit(JobBody.endless)
    let stream = try EventReader(server.client, job: job.id)
    _ = try stream.next()
    #expect(server.stop())
    let rest = try stream.rest()
    #expect(stream.isComplete)
    // The job is not at its end, only this server.
    #expect(!rest.contains { $0.type == "end" })
  }

  /// More watchers than there are workers, stream workers or threads.
  @Test func fiveHundredWatchersOfOneJob() throws {
    let count = 500
    let server = try TestService { configuration in
      configuration.http.limits.maxConnectionsPerAddress = 2 * count
      configuration.http.limits.maxConnections = 2 * count
    }
    let blocker = try server.jobs.submit(JobBody.endless)
    try server.jobs.waitUntilRunning(blocker.id)
    let job = try server.jobs.submit(user: "grace")
    let streams = try (0..<count).map { _ in try EventReader(server.client, job: job.id) }
    for stream in streams { #expect(try stream.next()?.job?.status == "queued") }
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    #expect(threads < 250)
    // Everyone else is served meanwhile.
    #expect(try server.client.get("/healthz").status == 200)
    #expect(try server.client.send("POST", "/jobs/\(job.id)/cancel").status == 200)
    for stream in streams {
      let event = try stream.next()
      #expect(event?.type == "end")
      #expect(event?.job?.status == "cancelled")
      #expect(try stream.next() == nil)
    }
  }

  /// Two who ask the same watch one job, and learn nothing of each other.
  @Test func watchersSeeTheirOwnJob() throws {
    let world = try TokenWorld()
    let blocked = world.server.client.with(world.operator.fields)
    let blocker = try JobFollower(blocked).submit(JobBody.endless, user: "operator")
    let body = JobBody.body(and: ["metadata": ["note": "secret"]])
    let holders = [world.ada, world.bob]
    let jobs = try holders.map { holder in
      try JobFollower(world.server.client.with(holder.fields)).submit(body, user: holder.name)
    }
    #expect(jobs[0].id == jobs[1].id)
    let streams = try holders.map { holder in
      try EventReader(world.server.client.with(holder.fields), job: jobs[0].id)
    }
    for (stream, holder) in zip(streams, holders) {
      let job = try #require(try stream.next()?.job)
      #expect(job.user == holder.name)
      #expect(job.metadata == (holder.name == "ada" ? ["note": "secret"] : [:]))
    }
    let client = world.server.client
    #expect(try EventReader(client, job: jobs[0].id).status == 401)
    #expect(try EventReader(client.with(world.bob.fields), job: blocker.id).status == 404)
  }

  /// Who may no longer see the job hears no more of it.
  @Test func revokingATokenEndsItsStreams() throws {
    let world = try TokenWorld(heartbeat: .milliseconds(20))
    let administration = try Administration(database: world.server.database)
    let (token, summary) = try administration.createToken(user: "ada", label: "short")
    let fields = [("Authorization", "Bearer \(token.secret)")]
    let job = try JobFollower(world.server.client.with(fields))
      .submit(JobBody.endless, user: "ada")
    let (short, long) = (
      try EventReader(world.server.client.with(fields), job: job.id),
      try EventReader(world.server.client.with(world.ada.fields), job: job.id)
    )
    #expect(try short.next() != nil)
    try administration.revokeToken(id: summary.id)
    #expect(try short.rest().allSatisfy { $0.type != "end" })
    #expect(short.isComplete)
    #expect(try EventReader(world.server.client.with(fields), job: job.id).status == 401)
    // The same user's other token is as good as before.
    _ = try long.next()
    try long.waitForComment()
    let cancelled = try world.server.client.with(world.ada.fields)
      .send("POST", "/jobs/\(job.id)/cancel")
    #expect([200, 202].contains(cancelled.status))
    #expect(try long.rest().last?.type == "end")
  }

  @Test func requestsAreChecked() throws {
    let server = try TestService()
    let job = try server.jobs.wait(server.jobs.submit().id)
    for id in ["x", "-1", "+1", "1.0", "9223372036854775808", "'"] {
      let stream = try EventReader(server.client, job: job.id, lastID: id)
      #expect(stream.status == 422, "\(id)")
    }
    #expect(try EventReader(server.client, job: job.id, query: "?after=x").status == 422)
    #expect(try EventReader(server.client, job: "job_0123456789abcdef01234567").status == 404)
    #expect(try EventReader(server.client, job: "x").status == 404)
    // Beyond the end there is nothing but the end.
    let late = try EventReader(server.client, job: job.id, lastID: "9223372036854775807").rest()
    #expect(late.map(\.type) == ["end"])
    let path = "/jobs/\(job.id)/events"
    let html = try server.client.get(path, fields: [("Accept", "text/html")])
    #expect(html.status == 406)
    #expect(html.code == "not_acceptable")
    for accept in ["*/*", "application/json", "text/event-stream;q=0.1, application/json"] {
      let page = try server.client.get(path, fields: [("Accept", accept)])
      #expect(page["Content-Type"] == "application/json", "\(accept)")
    }
    let fields = [("Accept", "text/event-stream")]
    let head = try server.client.send("HEAD", path, fields: fields)
    #expect(head.status == 200)
    #expect(head["Content-Type"] == "text/event-stream")
  }
}
