import Foundation
import ModelCards
import ServiceAPI
import TestSupport
import Testing

/// Budgets and the accuracy floor, asked for over HTTP.
@Suite struct TargetJobTests {
  private func body(_ target: JSONValue, and others: [String: JSONValue] = [:]) -> JSONValue {
    JobBody.body(and: ["target": target].merging(others) { $1 })
  }

  private func card(_ server: TestService, _ job: JobResource) throws -> ModelCard {
    #expect(job.status == "succeeded", "\(String(describing: job.error))")
    return try server.client.get("/models/\(try #require(job.resultModel))/card").decode()
  }

  @Test func modelsKeepToTheirBudgets() throws {
    let server = try TestService()
    let free = try card(server, server.jobs.wait(server.jobs.submit().id))
    for (name, reached) in [
      ("bytes", free.bytes.packed), ("macs", free.multiplyAccumulates.packed),
    ] {
      // A little more than a sparsity of 0.8 leaves.
      let most = reached + reached / 20
      let job = try server.jobs.submit(body(.object([name: .integer(Int64(most))])))
      #expect(job.recipe["target"] == .object([name: .integer(Int64(most))]))
      let card = try card(server, server.jobs.wait(job.id))
      let found = name == "bytes" ? card.bytes.packed : card.multiplyAccumulates.packed
      #expect(found <= most, "\(name)")
      #expect(card.sparsity.global > 0.5, "\(name): nothing but N:M was pruned")
    }
  }

  @Test func millisecondsAreThoseOfThisServer() throws {
    let server = try TestService()
    let wanted = body(["latency_ms": 1000])
    let job = try server.jobs.submit(wanted)
    let device = try #require(job.recipe["device"])
    #expect(device["name"] == "this server")
    #expect(device["threads"] == 1)
    #expect(device["layers"]?["block.conv1"]?["per_rank_column"]?.double ?? -1 >= 0)
    #expect(try card(server, server.jobs.wait(job.id)).recipe["device"] == device)

    // The same request is the same request, after a restart too.
    #expect(try server.jobs.submit(wanted).id == job.id)
    server.stop()
    let again = try TestService(folder: server.folder)
    #expect(try again.jobs.submit(wanted).id == job.id)
    again.stop()

    // What the cache holds is checked: with nonsense there, the server measures.
    let cache = server.folder.file("cache")
    let files = try FileManager.default.contentsOfDirectory(atPath: cache)
      .filter { $0.hasPrefix("device-") }
    #expect(files.count == 1)
    let file = URL(fileURLWithPath: "\(cache)/\(try #require(files.first))")
    let stored = try String(contentsOf: file, encoding: .utf8)
    #expect(stored.contains("block.conv1"))
    let other = stored.replacingOccurrences(of: "block.conv1", with: "block.conv9")
    for nonsense in ["{", other] {
      try Data(nonsense.utf8).write(to: file)
      let third = try TestService(folder: server.folder)
      let reply = try third.jobs.submit(wanted)
      #expect(reply.recipe["device"]?["layers"]?["block.conv1"] != nil)
      third.stop()
      #expect(try String(contentsOf: file, encoding: .utf8).contains("block.conv1"))
    }
  }

  @Test func cyclesAndEnergyAreThoseOfTheAccelerator() throws {
    let server = try TestService()
    let free = try #require(
      try card(server, server.jobs.wait(server.jobs.submit().id)).accelerator)
    #expect(free.name == "crisp-stc")
    #expect(free.dense.timesTheCycles >= 1 && free.dense.timesTheEnergy > 1)
    #expect(free.bounds.values.reduce(0, +) > 0.999 && free.bounds[free.bound] != nil)
    #expect(free.activationDensity > 0 && free.activationDensity < 1)

    // A little more than a sparsity of 0.8 leaves.
    let cycles = Int64(free.cycles * 1.05)
    let first = try server.jobs.submit(body(["cycles": .integer(cycles)]))
    #expect(first.recipe["target"] == ["cycles": .integer(cycles)])
    #expect(first.recipe["accelerator"] == "crisp-stc")
    let byCycles = try card(server, server.jobs.wait(first.id))
    #expect(try #require(byCycles.accelerator).cycles <= Double(cycles))
    let second = try server.jobs.submit(
      body(["energy_uj": .number(free.energyUj * 1.05)], and: ["accelerator": "crisp-stc"]))
    let byEnergy = try card(server, server.jobs.wait(second.id))
    #expect(try #require(byEnergy.accelerator).energyUj <= free.energyUj * 1.05)
    #expect(byEnergy.sparsity.global > 0.5, "nothing but N:M was pruned")

    // The same request is the same request, spelled out or not; another design is another one.
    let same = body(["cycles": .integer(cycles)], and: ["accelerator": "crisp-stc"])
    #expect(try server.jobs.submit(same).id == first.id)
    let other = try server.jobs.submit(
      body(["cycles": 1_000_000], and: ["accelerator": "dual-side"]))
    #expect(other.id != (try server.jobs.submit(body(["cycles": 1_000_000])).id))
    let otherCard = try card(server, server.jobs.wait(other.id))
    #expect(otherCard.accelerator?.name == "dual-side")

    // Estimated without being made, and refused with what there is.
    let dry = try server.client.post("/users/ada/classes?dry_run=true", same)
    #expect(dry.status == 200 && dry.json["estimate"] != nil)
    let unknown = try server.client.post(
      "/users/ada/classes?dry_run=true",
      body(["cycles": .integer(cycles)], and: ["accelerator": "tpu"]))
    #expect(unknown.status == 422 && unknown.code == "unknown_accelerator")
    #expect(unknown.json["known"] == .array(Self.designs.map { .string($0) }))
    let small = try server.client.post("/users/ada/classes?dry_run=true", body(["cycles": 1]))
    #expect(small.code == "target_out_of_reach" && small.param == "target.cycles")
    #expect(small.json["detail"]?.text?.contains("needs at least") == true)
  }

  private static let designs = [
    "tensor-core", "sparse-tensor-core", "flexible", "flexible-rle", "flexible-dual", "dual-side",
    "hierarchical", "crisp-stc",
  ]

  @Test func otherDevicesAreNamed() throws {
    let own = try TestService()
    let device = try #require(
      try own.jobs.submit(body(["latency_ms": 1000])).recipe["device"])
    own.stop()

    let folder = try TemporaryFolder()
    // Of another pattern, and none at all.
    guard case .object(var members) = device else { return }
    members["name"] = "a phone"
    try folder.write(Array(JSONEncoder().encode(JSONValue.object(members))), to: "phone.json")
    members["pattern"] = ["keep": 1, "of": 4, "block": 8, "rows": 1]
    try folder.write(Array(JSONEncoder().encode(JSONValue.object(members))), to: "watch.json")
    try folder.write(Array("{}".utf8), to: "broken.json")
    let server = try TestService { $0.devices = folder.path }
    let job = try server.jobs.submit(body(["latency_ms": 1000], and: ["device": "phone"]))
    #expect(job.recipe["device"]?["name"] == "a phone")
    #expect(try server.jobs.wait(job.id).status == "succeeded")
    for (name, code) in [
      ("watch", "invalid_recipe"), ("broken", "unusable_device"), ("../phone", "unknown_device"),
    ] {
      let reply = try server.client.post(
        "/users/ada/classes", body(["latency_ms": 1000], and: ["device": .string(name)]))
      #expect(reply.status == 422)
      #expect(reply.code == code)
      #expect(reply.param == "device")
    }
  }

  @Test func whatNoRunReachesFailsWithItsField() throws {
    let server = try TestService()
    let small = try server.jobs.wait(server.jobs.submit(body(["bytes": 100])).id)
    #expect(small.status == "failed")
    #expect(small.error?.code == "target_out_of_reach")
    #expect(small.error?.param == "target.bytes")

    // Nearly everything goes at once and nothing is learnt afterwards.
    let perfect = JobBody.body(
      classes: .array(ToyWorld.labels.map { .string($0) }), sparsity: 0.91,
      recipe: ["iterations": 1, "dense_epochs": 0, "final_epochs": 0],
      and: ["pattern": ["keep": 1, "of": 4], "epochs": 0, "min_accuracy": 1])
    let good = try server.jobs.wait(server.jobs.submit(perfect).id)
    #expect(good.status == "failed")
    #expect(good.error?.code == "accuracy_out_of_reach")
    #expect(good.error?.param == "min_accuracy")
  }

  @Test func floorsArePartOfTheRequest() throws {
    let server = try TestService()
    let job = try server.jobs.submit(JobBody.body(and: ["min_accuracy": 0.3]))
    #expect(job.recipe["min_accuracy"] == 0.3)
    #expect(try server.jobs.submit().id != job.id)
    let card = try card(server, server.jobs.wait(job.id))
    #expect(card.accuracy.pruned >= 0.3)
    #expect(try server.jobs.submit(JobBody.body(and: ["min_accuracy": 0.3])).id == job.id)
  }
}
