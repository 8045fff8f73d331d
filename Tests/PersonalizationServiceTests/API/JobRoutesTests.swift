import Foundation
import ServiceAPI
import Testing

@Suite struct JobRoutesTests {
  @Test func cancelledJobsStop() throws {
    let server = try TestService()
    func cancel(_ id: String) throws -> HTTPClient.Reply {
      try server.client.send("POST", "/jobs/\(id)/cancel")
    }
    let running = try server.jobs.submit(JobBody.endless)
    try server.jobs.waitUntilRunning(running.id)
    let queued = try server.jobs.submit()

    let atOnce = try cancel(queued.id)
    #expect(atOnce.status == 200)
    let cancelled: JobResource = try atOnce.decode()
    #expect(cancelled.status == "cancelled")
    #expect(cancelled.startedAt == nil)
    #expect(cancelled.finishedAt != nil)

    #expect(try cancel(running.id).status == 202)
    let stopped = try server.jobs.wait(running.id)
    #expect(stopped.status == "cancelled")
    #expect(stopped.resultModel == nil)
    #expect(stopped.error == nil)
    #expect(try server.jobs.events(running.id).last?.type == "cancelled")

    for id in [running.id, queued.id] {
      let again = try cancel(id)
      #expect(again.status == 409)
      #expect(again.code == "job_finished")
    }
    // Cancelled jobs do not answer requests.
    let fresh = try server.jobs.submit()
    #expect(fresh.id != queued.id)
    #expect(try server.jobs.wait(fresh.id).status == "succeeded")
    #expect(try cancel(fresh.id).status == 409)
    let models = try server.client.get("/models").decode(ListResource<ModelResource>.self)
    #expect(models.data.map(\.job) == [fresh.id])
    #expect(try server.stopAndCheck().isHealthy)
  }

  @Test func listsArePagedAndFiltered() throws {
    let server = try TestService()
    let running = try server.jobs.submit(JobBody.endless, user: "blocker")
    try server.jobs.waitUntilRunning(running.id)
    var ids = [running.id]
    for seed in 0..<5 {
      let user = seed % 2 == 0 ? "ada" : "grace"
      ids.insert(try server.jobs.submit(JobBody.body(seed: seed), user: user).id, at: 0)
    }
    func page(_ query: String) throws -> ListResource<JobResource> {
      try server.client.get("/jobs?\(query)").decode()
    }
    #expect(try page("").data.map(\.id) == ids)
    #expect(try page("").hasMore == false)
    var seen: [String] = []
    var after = ""
    while true {
      let page = try page("limit=2\(after)")
      #expect(page.data.count == 2)
      #expect(page.lastID == page.data.last?.id)
      seen += page.data.map(\.id)
      guard page.hasMore, seen.count < 10 else { break }
      after = "&after=\(try #require(page.lastID))"
    }
    #expect(seen == ids)
    #expect(try page("after=\(running.id)").data.isEmpty)
    #expect(try page("user=ada").data.map(\.id) == [ids[0], ids[2], ids[4]])
    #expect(try page("user=ada&limit=1&after=\(ids[0])").data.map(\.id) == [ids[2]])
    #expect(try page("user=ada&status=running").data.isEmpty)
    #expect(try page("status=running").data.map(\.id) == [running.id])
    #expect(try page("status=queued&user=grace").data.map(\.id) == [ids[1], ids[3]])
    #expect(try page("user=nobody").data.isEmpty)
  }

  @Test func eventsTellTheCourseInOrder() throws {
    let server = try TestService()
    let job = try server.jobs.wait(server.jobs.submit().id)
    let events = try server.jobs.events(job.id)
    #expect(events.map(\.id) == Array(1...Int64(events.count)))
    #expect(events.first?.type == "started")
    #expect(events.last?.type == "packed")
    let iterations = events.filter { $0.type == "iteration" }
    #expect(iterations.compactMap { $0.data["iteration"]?.double } == [1, 2])
    let sparsities = iterations.compactMap { $0.data["sparsity"]?.double }
    #expect(sparsities.count == 2)
    #expect(sparsities == sparsities.sorted())
    #expect(
      events.filter { $0.type == "stage" }.compactMap { $0.data["stage"]?.text }
        == ["references", "dense", "saliency", "saliency", "final", "packing"])

    func page(_ query: String) throws -> ListResource<JobEventResource> {
      try server.client.get("/jobs/\(job.id)/events?\(query)").decode()
    }
    let first = try page("limit=3")
    #expect(first.data.map(\.id) == [1, 2, 3])
    #expect(first.hasMore)
    #expect(first.lastID == "3")
    let rest = try page("after=3&limit=100")
    #expect(rest.data.map(\.id) == Array(4...Int64(events.count)))
    #expect(!rest.hasMore)
    let none = try page("after=\(events.count)")
    #expect(none.data.isEmpty)
    #expect(none.lastID == nil)
    #expect(try page("after=9223372036854775807").data.isEmpty)
  }

  @Test func queriesAreChecked() throws {
    let server = try TestService()
    let job = try server.jobs.submit()
    let unknown = "job_0123456789abcdef01234567"
    for path in ["/jobs", "/models", "/jobs/\(job.id)/events"] {
      for limit in ["0", "101", "-1", "+5", "1e1", "", "ten", "1.0", "99999999999999999999"] {
        let reply = try server.client.get("\(path)?limit=\(limit)")
        #expect(reply.status == 422, "\(path) \(limit)")
        #expect(reply.param == "limit", "\(path) \(limit)")
      }
      for after in ["x", "-1", "", "'%20OR%201=1"] {
        let reply = try server.client.get("\(path)?after=\(after)")
        #expect(reply.status == 422, "\(path) \(after)")
        #expect(reply.param == "after", "\(path) \(after)")
      }
    }
    let events = "/jobs/\(job.id)/events"
    #expect(try server.client.get("\(events)?after=9223372036854775808").status == 422)
    #expect(try server.client.get("/jobs?after=\(unknown)").status == 404)
    for status in ["", "done", "QUEUED"] {
      let reply = try server.client.get("/jobs?status=\(status)")
      #expect(reply.status == 422)
      #expect(reply.param == "status")
    }
    for id in [unknown, "job_", "x", "..", "'", "job_0123456789ABCDEF01234567"] {
      for (method, path) in [
        ("GET", "/jobs/\(id)"), ("GET", "/jobs/\(id)/events"), ("POST", "/jobs/\(id)/cancel"),
      ] {
        let reply = try server.client.send(method, path)
        #expect(reply.status == 404, "\(method) \(path)")
        #expect(reply.code == "not_found", "\(method) \(path)")
      }
    }
  }

  @Test func otherMethodsAreNotAllowed() throws {
    let server = try TestService()
    for (method, path, allow) in [
      ("PUT", "/users/ada/classes", "GET, HEAD, OPTIONS, POST"),
      ("POST", "/users/ada", "DELETE, GET, HEAD, OPTIONS"),
      ("DELETE", "/jobs", "GET, HEAD, OPTIONS"),
      ("GET", "/jobs/job_0123456789abcdef01234567/cancel", "OPTIONS, POST"),
      ("PUT", "/models/model_0123456789abcdef01234567", "DELETE, GET, HEAD, OPTIONS"),
      ("POST", "/base-models", "GET, HEAD, OPTIONS"),
      ("PATCH", "/healthz", "GET, HEAD, OPTIONS"),
    ] {
      let reply = try server.client.send(method, path)
      #expect(reply.status == 405, "\(method) \(path)")
      #expect(reply.code == "method_not_allowed", "\(method) \(path)")
      #expect(reply["Allow"] == allow, "\(method) \(path)")
    }
    #expect(try server.client.get("/nowhere").status == 404)
    #expect(try server.client.get("/jobs/").status == 404)
  }
}
