import Foundation
import GRDB
import ServiceAPI
import TestSupport
import Testing

/// Whatever JSON within the schema's types comes, on whatever routes in whatever order: the process
/// goes on, and no answer blames it.
@Suite struct AnyRequestTests {
  private static let lists = [
    "/", "/page/jobs", "/page/models", "/page/form", "/jobs", "/jobs?limit=100", "/models",
    "/base-models", "/datasets", "/metrics", "/users/ada", "/users/ada/classes", "/readyz",
  ]

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func noRequestEndsTheServer(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let server = try ServerProcess(
      database: database,
      // With limits that let the largest recipes in: what is too large for them is tested elsewhere.
      arguments: [
        "--workers", "0", "--queue-limit-per-user", "1000", "--max-job-steps", "1000000000000",
        "--max-job-seconds", "1000000000", "--max-job-memory", "1073741824", "--max-job-disk",
        "1073741824",
      ])
    var json = HostileJSON(document: APIContract.shared.document, seed: seed)
    let schema: JSONValue = ["$ref": "#/components/schemas/JobRequest"]
    var accepted: [String] = []
    var statuses: [Int: Int] = [:]
    func check(_ reply: HTTPClient.Reply, _ what: @autoclosure () -> String) {
      statuses[reply.status, default: 0] += 1
      #expect(reply.status < 500, "\(what()): \(reply.status) \(reply.text.prefix(300))")
      // What an error repeats of the request, beside its own words.
      if reply.status >= 400 { #expect(reply.detail.utf8.count < 1200, "\(what())") }
    }
    for number in 0..<150 {
      switch json.generator.nextIndex(below: 11) {
      case 10:
        // One that is all right but for what it carries along.
        let right = String(
          decoding: JSONWriting.bytes(JobBody.body(seed: number)).dropLast(), as: UTF8.self)
        let body = "\(right),\"metadata\":\(json.value(of: ["type": "object"]))}"
        let reply = try server.client.send(
          "POST", "/users/user\(number % 7)/classes", body: Data(body.utf8))
        check(reply, body)
        if reply.status == 202, let id = reply.json["id"]?.text { accepted.append(id) }
      case 0..<6:
        let body = json.value(of: schema)
        let fields = json.chance(0.2) ? [("Idempotency-Key", "k\(json.pick([1, 2, 3]))")] : []
        let reply = try server.client.send(
          "POST", "/users/ada/classes", fields: fields, body: Data(body.utf8))
        check(reply, body)
        if reply.status == 202, let id = reply.json["id"]?.text { accepted.append(id) }
      case 6:
        let form = ["user", "base_model", "class", "sparsity", "weight-0", "weight-1", "class"]
          .filter { _ in json.chance(0.8) }
          .map { "\($0)=\((json.chance(0.5) ? json.number() : json.text()).encoded)" }
          .joined(separator: "&")
        check(
          try server.client.send(
            "POST", "/",
            fields: [
              ("Content-Type", "application/x-www-form-urlencoded"),
              ("Sec-Fetch-Site", "same-origin"), ("Accept", json.pick(["text/html", "*/*"])),
            ], body: Data(form.utf8)), form)
      case 7:
        guard !accepted.isEmpty else { continue }
        let job = json.pick(accepted)
        check(try server.client.send("POST", "/jobs/\(job)/cancel"), "cancel")
        check(try server.client.get("/jobs/\(job)"), job)
        check(try server.client.get("/jobs/\(job)/events?after=\(json.number().encoded)"), job)
      case 8:
        let value = (json.chance(0.5) ? json.number() : json.text()).encoded
        let name = json.pick(["limit", "after", "user", "status", "top", "base_model"])
        let list = json.pick(Self.lists)
        check(
          try server.client.get("\(list)\(list.contains("?") ? "&" : "?")\(name)=\(value)"),
          "\(list) \(name)=\(value)")
      default:
        let list = json.pick(Self.lists)
        check(try server.client.get(list), list)
      }
    }
    for list in Self.lists { check(try server.client.get(list), list) }
    #expect(!accepted.isEmpty, "none of the requests got anywhere: \(statuses)")
    #expect(statuses[422, default: 0] > 10 && statuses[400, default: 0] > 0, "\(statuses)")
    #expect(try server.end(with: SIGTERM).status == 0)
  }

  /// Rows that earlier versions accepted: every page that listed one ended the process, again after
  /// each start.
  @Test(arguments: [
    #"{"bytes":9223372036854775807}"#, #"{"macs":9223372036854775807}"#, #"{"macs":-1e308}"#,
    #"{"latency_ms":1e308}"#, #"{"cycles":9223372036854775807}"#, #"{"energy_uj":1e308}"#,
    #"{"sparsity":-1e308}"#, #"{"bytes":"x"}"#, #"{}"#,
  ])
  func rowsOfAnyKindAreShown(target: String) throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let first = try ServerProcess(database: database, arguments: ["--workers", "0"])
    let job = try first.jobs.submit(JobBody.quick).id
    let other = try first.jobs.submit(JobBody.body(seed: 1)).id
    #expect(try first.end(with: SIGTERM).status == 0)
    let nested = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
    try DatabaseQueue(path: database).write { db in
      try db.execute(
        sql: """
          UPDATE jobs SET recipe = json_set(recipe, '$.target', json(?)), metadata = ?,
            created_at = 9223372036854775807 WHERE id = ?
          """, arguments: [target, "{\"a\":\(nested)}", job])
      try db.execute(
        sql: """
          UPDATE jobs SET status = 'running', lease_owner = 'x', lease_expires_at = 9223372036854775807,
            attempt = 1, started_at = -9223372036854775808, progress = ? WHERE id = ?
          """,
        arguments: [
          #"{"stage":"x","iteration":1,"of":2,"sparsity":1e308,"accuracy":-1e308,"fraction":5e-324}"#,
          other,
        ])
    }
    let server = try ServerProcess(database: database, arguments: ["--workers", "0"])
    for path in ["/", "/page/jobs", "/jobs", "/users/ada", "/jobs/\(job)", "/jobs/\(other)"] {
      // Not through the checks of answers: a time may be negative here, as no answer's should be.
      let reply = try server.client.send("GET", path, checksContract: false)
      #expect(reply.status == 200, "\(path): \(reply.text.prefix(300))")
    }
    #expect(try server.end(with: SIGTERM).status == 0)
  }
}
