import Foundation
import ServiceAPI
import Testing

/// A user who asks what another asked before gets the same job and model, and does not learn when the
/// other asked, or with which notes and priority.
@Suite struct SharedThingsTests {
  @Test func nobodyLearnsWhenAnotherAsked() throws {
    let world = try TokenWorld()
    let client = world.server.client
    let request = JobBody.body(and: ["metadata": ["note": "ada's secret"], "priority": "normal"])
    let adas = try client.post("/users/ada/classes", request, fields: world.ada.fields)
    let job = try world.finished(adas.decode(JobResource.self).id, world.ada)
    let model = try #require(job.resultModel)
    // All of it happened on 9 September 2001.
    let past = 1_000_000_000_000
    try RawSQL(world.server.database).execute(
      """
      UPDATE jobs SET created_at = \(past), started_at = \(past + 1000),
        finished_at = \(past + 2000);
      UPDATE job_events SET created_at = \(past + 1000);
      UPDATE job_requesters SET added_at = \(past);
      UPDATE models SET created_at = \(past + 2000), used_at = \(past + 2000);
      UPDATE model_users SET added_at = \(past + 2000);
      """)
    let asked = Int(Date().timeIntervalSince1970)
    // Something of bob's own that ada's things would stand behind.
    let own = try client.post(
      "/users/bob/classes", JobBody.body(seed: 1), fields: world.bob.fields)
    _ = try world.finished(own.decode(JobResource.self).id, world.bob)

    var low: JSONValue = request
    if case .object(var members) = request {
      members["priority"] = "low"
      members["metadata"] = ["note": "bob's"]
      low = .object(members)
    }
    let bobs = try client.post("/users/bob/classes", low, fields: world.bob.fields)
    #expect(bobs.status == 200)
    let seen: JobResource = try bobs.decode()
    #expect(seen.id == job.id)
    #expect(seen.user == "bob")
    #expect(seen.priority == "low")
    #expect(seen.metadata == [:])
    for time in [seen.createdAt, seen.startedAt ?? 0, seen.finishedAt ?? 0] {
      #expect(time >= asked)
    }

    let jobs: ListResource<JobResource> = try client.get("/jobs", fields: world.bob.fields).decode()
    #expect(jobs.data.first?.id == job.id)
    let models: ListResource<ModelResource> = try client.get(
      "/models", fields: world.bob.fields
    ).decode()
    #expect(models.data.first?.id == model)

    var replies: [(String, HTTPClient.Reply)] = [("POST", bobs)]
    for (target, accept) in [
      ("/jobs", "*/*"), ("/jobs/\(job.id)", "*/*"), ("/jobs/\(job.id)/events", "application/json"),
      ("/jobs/\(job.id)/events", "text/event-stream"), ("/models", "*/*"),
      ("/models/\(model)", "*/*"),
      ("/models/\(model)?format=onnx", "*/*"), ("/models/\(model)/card", "*/*"),
      ("/api/models/\(model)", "*/*"), ("/api/models/\(model)/revision/main", "*/*"),
      ("/api/models/\(model)/tree/main", "*/*"), ("/\(model)/resolve/main/card.json", "*/*"),
      ("/\(model)/resolve/main/README.md", "*/*"), ("/users/bob", "*/*"),
      ("/users/bob/classes", "*/*"), ("/page/jobs", "*/*"), ("/page/models", "*/*"),
    ] {
      let reply = try client.get(target, fields: world.bob.fields + [("Accept", accept)])
      #expect(reply.status == 200, "\(target)")
      replies.append((target, reply))
    }
    let cancel = try client.send("POST", "/jobs/\(job.id)/cancel", fields: world.bob.fields)
    replies.append(("cancel", cancel))
    for (target, reply) in replies {
      let text = reply.fields.map { "\($0.name): \($0.value)\n" }.joined() + reply.text
      for trace in ["100000000", "2001-09", "Sep 2001", "ada's secret"] {
        #expect(!text.contains(trace), "\(target): \(trace)")
      }
    }

    // Those whose it is see it as it was.
    for fields in [world.ada.fields, world.operator.fields] {
      let whole: JobResource = try client.get("/jobs/\(job.id)", fields: fields).decode()
      #expect(whole.createdAt == past / 1000)
      #expect(whole.finishedAt == past / 1000 + 2)
      #expect(whole.priority == "normal")
      #expect(whole.metadata == ["note": "ada's secret"])
    }
  }

  /// While it runs, too: what happened before shows as now.
  @Test func theStreamOfARunningJobBeginsWithTheUser() throws {
    let world = try TokenWorld()
    let client = world.server.client
    let posted = try client.post("/users/ada/classes", JobBody.endless, fields: world.ada.fields)
    let id = try posted.decode(JobResource.self).id
    try JobFollower(client.with(world.ada.fields)).waitUntilRunning(id)
    let past = 1_000_000_000_000
    try RawSQL(world.server.database).execute(
      """
      UPDATE jobs SET created_at = \(past), started_at = \(past + 1000);
      UPDATE job_events SET created_at = \(past + 1000);
      UPDATE job_requesters SET added_at = \(past);
      """)
    let asked = Int(Date().timeIntervalSince1970)
    let joined: JobResource = try client.post(
      "/users/bob/classes", JobBody.endless, fields: world.bob.fields
    ).decode()
    #expect(joined.id == id)
    #expect(joined.createdAt >= asked && joined.startedAt ?? 0 >= asked)
    // Ada leaves, the job becomes bob's, and still does not tell.
    _ = try client.send("POST", "/jobs/\(id)/cancel", fields: world.ada.fields)
    let inherited: JobResource = try client.get("/jobs/\(id)", fields: world.bob.fields).decode()
    #expect(inherited.createdAt >= asked && inherited.startedAt ?? 0 >= asked)
    _ = try client.send("POST", "/jobs/\(id)/cancel", fields: world.bob.fields)
    _ = try world.finished(id, world.bob)
    let stream = try client.get(
      "/jobs/\(id)/events", fields: world.bob.fields + [("Accept", "text/event-stream")])
    #expect(stream.text.contains("event: end"))
    #expect(!stream.text.contains("100000000"))
  }
}
