import ControlPlane
import Foundation
import HTTPTypes
import PersonalizationService
import ServiceAPI
import Testing

/// Every route of the table, asked with every kind of token.
@Suite struct AccessTableTests {
  /// What a caller who may call a route gets, where it is not 200. The requests have no body.
  private static let allowed: [String: Int] = [
    "POST /users/{user}/classes": 400,
    "DELETE /users/{user}": 204,
    "DELETE /models/{model}": 204,
    "POST /jobs/{job}/cancel": 409,
    "POST /jobs/{job}/retry": 409,
    "POST /models/{model}/predictions": 415,
    "POST /": 403,
    "GET /assets/{file}": 404,
  ]

  @Test func everyRouteKeepsItsRule() throws {
    let world = try TokenWorld()
    let job = try world.job(of: world.ada)
    let model = try #require(job.resultModel)
    #expect(world.server.service.rules.count >= 15)
    // What deletes comes last, and of that what takes others along; before it, what stops the others.
    func order(_ rule: RouteRule) -> Int {
      switch rule.pattern {
      case "/queue/pause": 1
      case "/queue/resume": 2
      case _ where rule.method != .delete: 0
      case "/models/{model}": 3
      default: 4
      }
    }
    // Somebody else's too, so that there is one for the operator after ada has left it.
    let shared = try world.server.client.post(
      "/users/cy/classes", JobBody.quick, fields: world.operator.fields)
    #expect(shared.status == 200)
    for rule in world.server.service.rules.sorted(by: { order($0) < order($1) }) {
      let name = "\(rule.method.rawValue) \(rule.pattern)"
      let success = Self.allowed[name] ?? 200
      for (credential, fields) in world.credentials {
        // The operator still finds someone to delete.
        let user = rule.method == .delete && credential == .operator ? "bob" : "ada"
        let path = rule.pattern.replacingOccurrences(of: "{user}", with: user)
          .replacingOccurrences(of: "{job}", with: job.id)
          .replacingOccurrences(of: "{model}", with: model)
          .replacingOccurrences(of: "{revision}", with: "main")
          .replacingOccurrences(of: "{file}", with: "README.md")
        let reply = try world.server.client.send(rule.method.rawValue, path, fields: fields)
        let expected = Self.status(rule.access, credential, success: success)
        #expect(reply.status == expected, "\(name) with \(credential): \(reply.text)")
        #expect((reply["WWW-Authenticate"] != nil) == (expected == 401), "\(name) \(credential)")
        if expected == 404 { #expect(reply.code == "not_found", "\(name) \(credential)") }
      }
    }
  }

  private static func status(_ access: Access, _ credential: TokenWorld.Credential, success: Int)
    -> Int
  {
    switch (access, credential) {
    case (.anyone, _), (_, .operator): success
    case (_, .none), (_, .malformed), (_, .revoked): 401
    case (.operator, _): 403
    case (.tokenHolder, _), (_, .own): success
    case (.sameUser, .other): 403
    case (.requester, .other), (.modelHolder, .other): 404
    }
  }

  /// What is hidden looks like what does not exist, but for the name asked for.
  @Test func hiddenThingsLookLikeNothing() throws {
    let world = try TokenWorld()
    let job = try world.job(of: world.ada)
    let model = try #require(job.resultModel)
    let (nothingJob, nothingModel) = (
      "job_0123456789abcdef01234567", "model_0123456789abcdef01234567"
    )
    func body(_ method: String, _ path: String, _ id: String) throws -> JSONValue {
      let reply = try world.server.client.send(method, path, fields: world.bob.fields)
      #expect(reply.status == 404, "\(method) \(path)")
      guard case .object(var members) = reply.json else { return .null }
      members["request_id"] = nil
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      let text = String(
        decoding: try encoder.encode(JSONValue.object(members)), as: UTF8.self)
      return .string(text.replacingOccurrences(of: id, with: "ID"))
    }
    for rule in world.server.service.rules {
      switch rule.access {
      case .requester:
        #expect(
          try body(rule.method.rawValue, rule.pattern.with(job: job.id), job.id)
            == body(rule.method.rawValue, rule.pattern.with(job: nothingJob), nothingJob))
      case .modelHolder:
        #expect(
          try body(rule.method.rawValue, rule.pattern.with(model: model), model)
            == body(rule.method.rawValue, rule.pattern.with(model: nothingModel), nothingModel))
      case .anyone, .tokenHolder, .sameUser, .operator: break
      }
    }
    #expect(
      try body("GET", "/jobs?after=\(job.id)", job.id)
        == body("GET", "/jobs?after=\(nothingJob)", nothingJob))
    #expect(
      try body("GET", "/models?after=\(model)", model)
        == body("GET", "/models?after=\(nothingModel)", nothingModel))
    // Neither does it tell whether a user exists.
    for path in ["/users/ada", "/users/nobody", "/jobs?user=ada", "/models?user=nobody"] {
      let reply = try world.server.client.get(path, fields: world.bob.fields)
      #expect(reply.status == 403, "\(path)")
      #expect(reply.code == "forbidden")
    }
  }

  /// One job and one model for all who ask the same, and no word about the others.
  @Test func sharedJobsAndModelsShowNoOneElse() throws {
    let world = try TokenWorld()
    let client = world.server.client
    let body = JobBody.body(and: ["metadata": ["note": "private"]])
    let first = try client.post("/users/ada/classes", body, fields: world.ada.fields)
    let job: JobResource = try first.decode()
    #expect(job.metadata["note"] == "private")
    #expect(try client.get("/jobs/\(job.id)", fields: world.bob.fields).status == 404)
    let second = try client.post("/users/bob/classes", body, fields: world.bob.fields)
    #expect(try second.decode(JobResource.self).id == job.id)
    let done = try world.finished(job.id, world.bob)
    #expect(done.user == "bob")
    #expect(done.metadata == [:])
    let model = try #require(done.resultModel)
    for user in [world.ada, world.bob] {
      let lists = try ["/jobs", "/models", "/users/\(user.name)"].map {
        try client.get($0, fields: user.fields)
      }
      #expect(lists.allSatisfy { $0.status == 200 })
      let other = user.name == "ada" ? "bob" : "ada"
      #expect(!lists.contains { $0.text.contains("\"\(other)\"") })
      #expect(try lists[0].decode(ListResource<JobResource>.self).data.map(\.id) == [job.id])
      #expect(try lists[1].decode(ListResource<ModelResource>.self).data.map(\.id) == [model])
      #expect(try client.get("/models/\(model)", fields: user.fields).status == 200)
    }
    #expect(
      try client.get("/users/bob", fields: world.bob.fields).text.contains("private") == false)
    // An operator sees who asked first.
    let seen = try client.get("/jobs/\(job.id)", fields: world.operator.fields)
    #expect(try seen.decode(JobResource.self).user == "ada")
  }

  @Test func cancellingLeavesTheJobToOthers() throws {
    let world = try TokenWorld()
    let client = world.server.client
    var ids: [String] = []
    for user in [world.ada, world.bob] {
      let reply = try client.post(
        "/users/\(user.name)/classes", JobBody.endless, fields: user.fields)
      ids.append(try reply.decode(JobResource.self).id)
    }
    #expect(Set(ids).count == 1)
    let path = "/jobs/\(ids[0])"
    let left = try client.send("POST", "\(path)/cancel", fields: world.ada.fields)
    #expect(left.status == 202)
    #expect(try client.get(path, fields: world.ada.fields).status == 404)
    let kept = try client.get(path, fields: world.bob.fields).decode(JobResource.self)
    #expect(kept.status == "queued" || kept.status == "running")
    _ = try client.send("POST", "\(path)/cancel", fields: world.bob.fields)
    #expect(try world.finished(ids[0], world.bob).status == "cancelled")
  }
}

extension String {
  fileprivate func with(job: String) -> String { replacingOccurrences(of: "{job}", with: job) }
  fileprivate func with(model: String) -> String {
    replacingOccurrences(of: "{model}", with: model)
      .replacingOccurrences(of: "{revision}", with: "main")
      .replacingOccurrences(of: "{file}", with: "README.md")
  }
}
