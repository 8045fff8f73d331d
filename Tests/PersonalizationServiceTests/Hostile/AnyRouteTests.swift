import Foundation
import GRDB
import ServiceAPI
import TestSupport
import Testing

/// Every route that openapi.json has, predictions, downloads, the hub's and every DELETE among them, in
/// any order and with any values: the process goes on, and no answer blames it.
@Suite struct AnyRouteTests {
  private static let limits = [
    "--queue-limit-per-user", "1000", "--max-job-steps", "1000000000000", "--max-job-seconds",
    "1000000000", "--max-job-memory", "1073741824", "--max-job-disk", "1073741824",
  ]
  /// The order of routes is one of the seed's.
  private static let operations = APIContract.shared.operations.sorted {
    ($0.path, $0.method) < ($1.path, $1.method)
  }

  /// A database with a model that ada has, jobs in every state, and the model's rows as `plant` leaves
  /// them.
  private func world(
    in folder: TemporaryFolder, plant: (Database) throws -> Void = { _ in }
  ) throws -> HostileRequest.World {
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let maker = try ServerProcess(database: database)
    let finished = try maker.jobs.wait(maker.jobs.submit(JobBody.quick).id)
    let spare = try maker.jobs.wait(
      maker.jobs.submit(JobBody.body(classes: ["top left", "top right"]), user: "grace").id)
    #expect(try maker.end(with: SIGTERM).status == 0)
    let keeper = try ServerProcess(database: database, arguments: ["--workers", "0"])
    var jobs = [finished.id]
    for (number, user) in ["ada", "ada", "guest1", "guest2", "guest3"].enumerated() {
      jobs.append(try keeper.jobs.submit(JobBody.body(seed: number + 1), user: user).id)
    }
    _ = try keeper.client.send("POST", "/jobs/\(jobs[1])/cancel")
    #expect(try keeper.end(with: SIGTERM).status == 0)
    try DatabaseQueue(path: database).write(plant)
    return HostileRequest.World(
      users: ["ada", "grace", "é/../x", "guest1"],
      jobs: jobs + ["job_0123456789abcdef01234567"],
      models: [try #require(finished.resultModel)],
      spareModel: try #require(spare.resultModel), finishedJob: finished.id)
  }

  /// Asks every route a number of times; says how often each was answered as one would like.
  private func ask(
    _ server: ServerProcess, _ world: HostileRequest.World, seed: UInt64, rounds: Int,
    checksContract: Bool
  ) throws -> (tried: Set<APIContract.Operation>, answered: Set<APIContract.Operation>) {
    var json = HostileJSON(document: APIContract.shared.document, seed: seed)
    var tried: Set<APIContract.Operation> = []
    var answered: Set<APIContract.Operation> = []
    for _ in 0..<rounds {
      var left = Self.operations
      while !left.isEmpty {
        let operation = left.remove(at: json.generator.nextIndex(below: left.count))
        let request = HostileRequest(operation, in: world, json: &json)
        let reply = try server.client.send(
          request.method, request.target, fields: request.fields, body: request.body,
          checksContract: checksContract)
        tried.insert(operation)
        if (200..<400).contains(reply.status), request.isPlain { answered.insert(operation) }
        #expect(
          reply.status < 500,
          "\(request.method) \(request.target) \(request.fields): \(reply.status) \(reply.text.prefix(300))"
        )
        // What an error repeats of the request, beside its own words.
        if reply.status >= 400 { #expect(reply.detail.utf8.count < 1200, "\(request.target)") }
      }
    }
    return (tried, answered)
  }

  @Test(arguments: [11, 12] as [UInt64])
  func noRouteEndsTheServer(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let world = try world(in: folder)
    let server = try ServerProcess(
      database: folder.file("crisp.sqlite"), arguments: ["--workers", "0"] + Self.limits)
    let result = try ask(server, world, seed: seed, rounds: 40, checksContract: true)
    // A new route is tried, too, and each one got somewhere.
    #expect(result.tried == APIContract.shared.operations)
    let neverAnswered = result.tried.subtracting(result.answered).map { "\($0.method) \($0.path)" }
    // A form of a page and its recipe are made whole by tests of their own.
    #expect(Set(neverAnswered).subtracting(["POST /"]) == [])
    #expect(try server.end(with: SIGTERM).status == 0)
  }

  /// Rows with numbers and texts at the ends of their types, as earlier versions and other machines may
  /// have left them.
  @Test(arguments: [21] as [UInt64])
  func rowsOfAnyKindAreAnsweredOnEveryRoute(seed: UInt64) throws {
    let folder = try TemporaryFolder()
    let world = try world(in: folder) { db in
      let card = try String.fetchOne(db, sql: "SELECT card FROM models") ?? ""
      try db.execute(
        sql: """
          UPDATE models SET card = ?, labels = ?, created_at = 9223372036854775807,
            used_at = -9223372036854775808
          """,
        arguments: [
          Self.extreme(try JSONDecoder().decode(JSONValue.self, from: Data(card.utf8))),
          #"["<script>\u0000","\ud83e\udd16\u202e"]"#,
        ])
      try db.execute(
        sql: """
          UPDATE job_events SET created_at = -9223372036854775808, message = '<b>\u{202E}&amp;',
            data = '{"a":[1e308,-9223372036854775808,"\\ud83d"]}'
          """)
      try db.execute(
        sql: "UPDATE jobs SET metadata = '{\"a\":1e308}', created_at = 9223372036854775807")
      try db.execute(sql: "UPDATE users SET created_at = -9223372036854775808")
    }
    let server = try ServerProcess(
      database: folder.file("crisp.sqlite"), arguments: ["--workers", "0"] + Self.limits)
    // Not through the checks of answers: a time may be negative here, as no answer's should be.
    let result = try ask(server, world, seed: seed, rounds: 12, checksContract: false)
    #expect(result.tried == APIContract.shared.operations)
    #expect(try server.end(with: SIGTERM).status == 0)
  }

  /// The same document with the largest number of its kind for each number.
  private static func extreme(_ value: JSONValue) -> String {
    func extreme(_ value: JSONValue) -> JSONValue {
      switch value {
      case .integer: .integer(.max)
      case .number: .number(1e308)
      case .array(let elements): .array(elements.map(extreme))
      case .object(let members): .object(members.mapValues(extreme))
      default: value
      }
    }
    return String(decoding: JSONWriting.bytes(extreme(value)), as: UTF8.self)
  }
}
