import Foundation
import PersonalizationService
import ServiceAPI
import SQLiteStore
import Store
import Testing

/// How often a user may ask, and how much is kept of it.
@Suite struct QuotaTests {
  @Test func aUserAsksSoOftenAMinute() throws {
    let server = try TestService {
      $0.postsPerMinute = 3
      $0.workers = 0
    }
    func post(_ user: String, seed: Int = 0) throws -> HTTPClient.Reply {
      try server.client.post("/users/\(user)/classes", JobBody.body(seed: seed))
    }
    for seed in 0..<3 { #expect(try post("ada", seed: seed).status == 202) }
    let refused = try post("ada", seed: 3)
    #expect(refused.status == 429)
    #expect(refused.code == "rate_limited")
    let wait = try #require(refused["Retry-After"].flatMap { Int($0) })
    #expect((1...20).contains(wait))
    // Before anything is read: what is wrong with it is told later.
    #expect(try server.client.post("/users/ada/classes", ["classes": []]).status == 429)
    #expect(try post("bob").status == 200 || post("bob").status == 202)
    // On an open server every name is free, and so addresses are counted too.
    var statuses: [Int] = []
    for number in 0..<40 { statuses.append(try post("user-\(number)").status) }
    #expect(statuses.first == 202)
    #expect(statuses.last == 429)
  }

  @Test func behindAProxyThatSendsTokensOnlyUsersAreCounted() throws {
    let world = try TokenWorld(configure: { $0.postsPerMinute = 2 })
    for number in 0..<4 {
      let reply = try world.server.client.post(
        "/users/ada/classes", JobBody.quick, fields: world.ada.fields)
      #expect((reply.status == 429) == (number >= 2), "\(number): \(reply.status)")
    }
    let bobs = try world.server.client.post(
      "/users/bob/classes", JobBody.quick, fields: world.bob.fields)
    #expect(bobs.status == 200 || bobs.status == 202)
  }

  @Test func aUserWhoKeepsTooMuchIsRefused() throws {
    let server = try TestService {
      $0.queueLimits.storedBytes = 20_000
      $0.workers = 0
    }
    let first = try server.jobs.submit(JobBody.body(seed: 0)).id
    _ = try server.client.send("POST", "/jobs/\(first)/cancel")
    _ = try server.jobs.submit(JobBody.body(seed: 1))
    let refused = try server.client.post("/users/ada/classes", JobBody.body(seed: 2))
    #expect(refused.status == 429)
    #expect(refused.code == "quota_exceeded")
    #expect(refused["Retry-After"] != nil)
    _ = try server.jobs.submit(JobBody.body(seed: 3), user: "bob")
  }

  /// Asking and cancelling for hours must not fill the disk.
  @Test func cancelledJobsDoNotPileUp() throws {
    let server = try TestService {
      $0.workers = 0
      $0.housekeeping.interval = 0.05
      $0.housekeeping.jobLimit = 3
    }
    for seed in 0..<30 {
      let id = try server.jobs.submit(JobBody.body(seed: seed)).id
      #expect(try server.client.send("POST", "/jobs/\(id)/cancel").status == 200)
    }
    let store = try SQLiteStore(path: server.database)
    try eventually { try store.jobs(JobFilter(), after: nil, limit: 100).elements.count <= 3 }
    #expect(try store.check().isHealthy)
  }

  @Test func aModelInUseStays() throws {
    let server = try TestService {
      $0.housekeeping.interval = 0.05
      $0.housekeeping.modelLifetime = 86_400
    }
    let ids = try (0..<2).map { seed in
      try #require(
        try server.jobs.wait(server.jobs.submit(JobBody.body(seed: seed)).id).resultModel)
    }
    // As if both had not been used for nearly a day.
    try RawSQL(server.database).execute(
      "UPDATE models SET created_at = created_at - 172800000, used_at = used_at - 86300000")
    #expect(try server.client.get("/models/\(ids[0])").status == 200)
    try RawSQL(server.database).execute("UPDATE models SET used_at = used_at - 200000")
    try eventually { try server.client.get("/models/\(ids[1])/card").status == 404 }
    #expect(try server.client.get("/models/\(ids[0])/card").status == 200)
  }
}
