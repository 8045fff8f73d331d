import Foundation
import ServiceAPI
import SQLiteStore
import Store
import Synchronization
import Testing

@Suite struct UserRoutesTests {
  @Test func whoAsksTheSameSharesJobAndModel() throws {
    let server = try TestService()
    func post(_ user: String, _ classes: JSONValue, seed: Int = 0) throws -> HTTPClient.Reply {
      try server.client.post(
        "/users/\(user)/classes", JobBody.body(classes: classes, seed: seed))
    }
    let blocker = try server.jobs.submit(JobBody.endless, user: "blocker")
    try server.jobs.waitUntilRunning(blocker.id)
    let first = try post("ada", ["top left", "middle"])
    #expect(first.status == 202)
    let job: JobResource = try first.decode()
    let joined = try post(
      "grace", [["name": "middle", "weight": 2], ["name": "top left", "weight": 2]])
    #expect(joined.status == 202)
    #expect(joined["Location"] == "/jobs/\(job.id)")
    #expect(joined.json["id"] == .string(job.id))
    let otherSeed = try post("ada", ["top left", "middle"], seed: 1)
    #expect(otherSeed.status == 202)
    #expect(otherSeed.json["id"] != .string(job.id))
    let otherWeights = try post("ada", ["top left", ["name": "middle", "weight": 2]])
    #expect(otherWeights.json["id"] != .string(job.id))

    #expect(try server.client.send("POST", "/jobs/\(blocker.id)/cancel").status == 202)
    let finished = try server.jobs.wait(job.id)
    let model = try #require(finished.resultModel)
    let later = try post("edsger", ["middle", "top left"])
    #expect(later.status == 200)
    #expect(later["Location"] == "/jobs/\(job.id)")
    let known: JobResource = try later.decode()
    #expect(known.id == job.id)
    #expect(known.status == "succeeded")
    #expect(known.resultModel == model)
    for user in ["ada", "grace", "edsger"] {
      let models = try server.client.get("/models?user=\(user)")
        .decode(ListResource<ModelResource>.self)
      #expect(models.data.map(\.id).contains(model), "\(user)")
      let profile = try server.client.get("/users/\(user)").decode(UserResource.self)
      #expect(profile.models.map(\.id).contains(model), "\(user)")
      #expect(profile.jobs.map(\.id).contains(job.id), "\(user)")
    }
    let all = try server.client.get("/jobs").decode(ListResource<JobResource>.self)
    #expect(all.data.count == 4)
  }

  /// Shares are quotients of floating-point numbers, and their sum depends on the order.
  @Test(
    arguments: [
      ([1, 2, 3], [0.1, 0.2, 0.3]), ([0.1, 0.2, 0.3], [2e8, 4e8, 6e8]),
      ([1, 3, 7], [1.0 / 11, 3.0 / 11, 7.0 / 11]),
    ] as [([Double], [Double])])
  func proportionalWeightsAreTheSameRequest(weights: [Double], scaled: [Double]) throws {
    let server = try TestService()
    try server.jobs.waitUntilRunning(server.jobs.submit(JobBody.endless, user: "blocker").id)
    var ids = Set<String>()
    for weights in [weights, scaled] {
      var entries = zip(["top left", "top right", "middle"], weights).map { name, weight in
        JSONValue.object(["name": .string(name), "weight": .number(weight)])
      }
      for _ in entries {
        entries.append(entries.removeFirst())
        ids.insert(try server.jobs.submit(JobBody.body(classes: .array(entries))).id)
      }
    }
    #expect(ids.count == 1)
  }

  @Test func theLargestRatioOfWeightsIsAccepted() throws {
    let server = try TestService { $0.queueLimits.perUser = 100 }
    try server.jobs.waitUntilRunning(server.jobs.submit(JobBody.endless, user: "blocker").id)
    for weight in 2..<60 {
      let classes: JSONValue = [
        ["name": "middle", "weight": 10_000], "top left",
        ["name": "café", "weight": .integer(Int64(weight))],
      ]
      let reply = try server.client.post("/users/ada/classes", JobBody.body(classes: classes))
      #expect(reply.status == 202, "\(weight): \(reply.text)")
    }
  }

  /// One class, two spellings: Swift takes them for equal, their bytes differ.
  @Test func spellingsOfAnAccentAreTheSameRequest() throws {
    let server = try TestService()
    let composed = try server.jobs.submit(JobBody.body(classes: ["caf\u{E9}", "middle"]))
    let decomposed = try server.jobs.submit(JobBody.body(classes: ["cafe\u{301}", "middle"]))
    #expect(composed.id == decomposed.id)
    let user = try server.client.get("/users/ada").decode(UserResource.self)
    #expect(user.history.map(\.version) == [1])
  }

  @Test func simultaneousRequestsGetOneJob() throws {
    let server = try TestService()
    try server.jobs.waitUntilRunning(server.jobs.submit(JobBody.endless, user: "blocker").id)
    let jobs = server.jobs
    let ids = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 16) { index in
      let job = try? jobs.submit(JobBody.quick, user: "user \(index)".encoded)
      ids.withLock { $0.append(job?.id ?? "refused") }
    }
    #expect(ids.withLock { $0.count } == 16)
    #expect(ids.withLock { Set($0).count } == 1)
    #expect(ids.withLock { $0.first?.hasPrefix("job_") } == true)
  }

  @Test func idempotencyKeysReplay() throws {
    let server = try TestService()
    func post(_ body: JSONValue, key: String, user: String = "ada") throws -> HTTPClient.Reply {
      try server.client.post("/users/\(user)/classes", body, fields: [("Idempotency-Key", key)])
    }
    let blocker = try server.jobs.submit(JobBody.endless, user: "blocker")
    try server.jobs.waitUntilRunning(blocker.id)
    let first = try post(JobBody.quick, key: "k-1")
    #expect(first.status == 202)
    let id = try #require(first.json["id"]?.text)
    // Cancelled jobs do not answer requests, but the key does.
    #expect(try server.client.send("POST", "/jobs/\(id)/cancel").status == 200)
    let replay = try post(JobBody.quick, key: "k-1")
    #expect(replay.status == 200)
    #expect(replay.json["id"] == .string(id))
    #expect(replay.json["status"] == "cancelled")
    let fresh = try post(JobBody.quick, key: "k-2")
    #expect(fresh.status == 202)
    #expect(fresh.json["id"] != .string(id))
    let clash = try post(JobBody.body(seed: 1), key: "k-1")
    #expect(clash.status == 409)
    #expect(clash.code == "idempotency_key_reused")
    // A key stands for all of the request, in whatever order it is written.
    let noted = JobBody.body(and: ["metadata": ["note": "other"]])
    #expect(try post(noted, key: "k-1").code == "idempotency_key_reused")
    guard case .object(let members) = JobBody.quick else { return }
    let text =
      try "{ "
      + members.sorted { $0.key > $1.key }.map { key, value in
        let json = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        return "\"\(key)\" : \(json)"
      }.joined(separator: " , ") + " }"
    let reordered = try server.client.send(
      "POST", "/users/ada/classes", fields: [("Idempotency-Key", "k-1")], body: Data(text.utf8))
    #expect(reordered.json["id"] == .string(id), "\(reordered.text)")
    // A key belongs to its user.
    #expect(try post(JobBody.body(seed: 1), key: "k-1", user: "grace").status == 202)
    let long = try post(JobBody.quick, key: String(repeating: "k", count: 257))
    #expect(long.status == 422)
    #expect(long.code == "invalid_value")
  }

  @Test func prioritiesGoFirstAndUsersTakeTurns() throws {
    let server = try TestService()
    let blocker = try server.jobs.submit(JobBody.endless, user: "blocker")
    try server.jobs.waitUntilRunning(blocker.id)
    func submit(_ user: String, _ seed: Int, _ priority: JSONValue = nil) throws -> String {
      let job = try server.jobs.submit(
        JobBody.body(seed: seed, and: ["priority": priority]), user: user)
      #expect(job.priority == priority.text ?? "normal")
      return job.id
    }
    let low = try submit("ada", 1, "low")
    let ada = try (2...5).map { try submit("ada", $0) }
    let bob = try (6...7).map { try submit("bob", $0, "normal") }
    let high = try submit("carl", 8, "high")
    _ = try server.client.send("POST", "/jobs/\(blocker.id)/cancel")
    let order = [high, ada[0], bob[0], ada[1], bob[1], ada[2], ada[3], low]
    for id in order { #expect(try server.jobs.wait(id).status == "succeeded") }
    server.stop()
    let store = try SQLiteStore(path: server.database)
    let starts = try order.map { try store.job(#require(JobID(rawValue: $0))).startedAt }
    #expect(starts.compactMap { $0 } == starts.compactMap { $0 }.sorted())
    #expect(starts.count == order.count)
  }

  @Test func profilesHaveAHistory() throws {
    let server = try TestService()
    let blocker = try server.jobs.submit(JobBody.endless, user: "blocker")
    try server.jobs.waitUntilRunning(blocker.id)
    for (classes, seed) in [
      (["top left", "middle"], 0), (["middle", "top left"], 1), (["top left", "top right"], 2),
    ] as [(JSONValue, Int)] {
      _ = try server.jobs.submit(JobBody.body(classes: classes, seed: seed))
    }
    let user = try server.client.get("/users/ada").decode(UserResource.self)
    // The second request has another seed, but the same classes.
    #expect(user.history.map(\.version) == [2, 1])
    #expect(user.profile?.version == 2)
    #expect(user.profile?.classes.map(\.name) == ["top left", "top right"])
    #expect(user.profile?.baseModel == ToyWorld.baseModel)
    #expect(user.jobs.count == 3)
    #expect(user.models.isEmpty)
    let classes = try server.client.get("/users/ada/classes")
      .decode(ListResource<ProfileResource>.self)
    #expect(classes.data.map(\.version) == [2, 1])
  }

  @Test func userIdsAreData() throws {
    let server = try TestService()
    let users = [
      "Zoë 🤖", "日本語", "a/b", "..", ".", "%2F", "a?b#c&user=x", "a'; DROP TABLE users; --",
      "\"<script>alert(1)</script>\"", "é", "e\u{301}", "\u{FEFF}", " ",
      String(repeating: "ü", count: 128),
    ]
    let escaped = users.map(\.encoded)
    let job = try server.jobs.submit(user: escaped[0])
    _ = try server.jobs.wait(job.id)
    for (user, path) in zip(users, escaped) {
      #expect(try server.client.post("/users/\(path)/classes", JobBody.quick).status == 200)
      let reply = try server.client.get("/users/\(path)")
      #expect(reply.status == 200, "\(user)")
      let found: UserResource = try reply.decode()
      #expect(found.id.utf8.elementsEqual(user.utf8), "\(user)")
      #expect(found.history.map(\.version) == [1], "\(user)")
      let listed = try server.client.get("/jobs?user=\(path)")
        .decode(ListResource<JobResource>.self)
      #expect(listed.data.map(\.id) == [job.id], "\(user)")
    }
    for bad in [
      String(repeating: "x", count: 257), "%0A", "a%0D%0AX:%20y", "%7F", "%C2%85", "%E2%80%A8",
    ] {
      let reply = try server.client.post("/users/\(bad)/classes", JobBody.quick)
      #expect(reply.status == 422, "\(bad)")
      #expect(reply.code == "invalid_value", "\(bad)")
      #expect(reply.param == "user", "\(bad)")
      #expect(try server.client.get("/users/\(bad)").status == 422, "\(bad)")
      #expect(try server.client.get("/jobs?user=\(bad)").param == "user", "\(bad)")
    }
    for malformed in ["%00", "%FF", "%C3", "%zz"] {
      let reply = try server.client.post("/users/\(malformed)/classes", JobBody.quick)
      #expect(reply.status == 400, "\(malformed)")
      #expect(reply.code == "malformed_target", "\(malformed)")
    }
    #expect(try server.client.post("/users//classes", JobBody.quick).status == 404)
    #expect(try server.stopAndCheck().isHealthy)
  }

  @Test func deletedUsersAreForgotten() throws {
    let server = try TestService()
    let shared = try server.jobs.wait(server.jobs.submit(user: "ada").id)
    let own = try server.jobs.wait(server.jobs.submit(JobBody.body(seed: 1), user: "ada").id)
    _ = try server.jobs.submit(user: "grace")
    let running = try server.jobs.submit(JobBody.endless, user: "ada")
    try server.jobs.waitUntilRunning(running.id)
    let waiting = try server.jobs.submit(JobBody.body(seed: 2), user: "ada")
    let joined = try server.jobs.submit(JobBody.body(seed: 3), user: "ada")
    _ = try server.jobs.submit(JobBody.body(seed: 3), user: "grace")

    let reply = try server.client.send("DELETE", "/users/ada")
    #expect(reply.status == 204)
    #expect(reply.body.isEmpty)
    for path in ["/users/ada", "/users/ada/classes"] {
      #expect(try server.client.get(path).status == 404)
    }
    #expect(try server.client.send("DELETE", "/users/ada").status == 404)
    #expect(try server.jobs.wait(running.id).status == "cancelled")
    #expect(try server.jobs.wait(waiting.id).status == "cancelled")
    #expect(try server.jobs.wait(joined.id).status == "succeeded")
    #expect(try server.jobs.job(joined.id).user == "grace")
    #expect(try server.client.get("/models/\(try #require(shared.resultModel))").status == 200)
    #expect(try server.client.get("/models/\(try #require(own.resultModel))").status == 404)
    #expect(try server.jobs.job(own.id).user == nil)
    #expect(try server.stopAndCheck().isHealthy)
  }

  @Test func aFullQueueRefuses() throws {
    let server = try TestService {
      $0.queueLimits.total = 2
      $0.queueLimits.perUser = 1
    }
    try server.jobs.waitUntilRunning(server.jobs.submit(JobBody.endless, user: "blocker").id)
    _ = try server.jobs.submit(JobBody.body(seed: 1), user: "ada")
    func post(_ user: String, seed: Int) throws -> HTTPClient.Reply {
      try server.client.post("/users/\(user)/classes", JobBody.body(seed: seed))
    }
    let ofUser = try post("ada", seed: 2)
    #expect(ofUser.status == 429)
    #expect(ofUser.code == "queue_full")
    #expect(ofUser["Retry-After"] == "30")
    #expect(try post("grace", seed: 2).status == 202)
    let inAll = try post("edsger", seed: 3)
    #expect(inAll.status == 429)
    #expect(inAll["Retry-After"] == "30")
    // Nothing of a refused request is kept, and joining needs no place in the queue.
    #expect(try server.client.get("/users/edsger").status == 404)
    #expect(try post("edsger", seed: 2).status == 202)
  }
}
