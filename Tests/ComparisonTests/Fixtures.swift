import ClassWeights
import Comparison
import Pruning
import ServiceAPI
import Synchronization
import TestSupport

/// Plans over the toy problem, and runs that only pretend.
enum Fixtures {
  static let short: [String: JSONValue] = [
    "iterations": .integer(1), "epochs_per_iteration": .integer(1), "dense_epochs": .integer(0),
    "final_epochs": .integer(1), "samples_per_class": .integer(20), "batch_size": .integer(10),
    "saliency_batches": .integer(1), "block": .integer(8),
  ]

  static func entries(_ names: String...) -> [ClassWeight] {
    names.map { ClassWeight(name: $0) }
  }

  static func material(trained: Bool = false) throws -> Plan.Material {
    let toy = try ToyProblem(trained: trained)
    return Plan.Material(universal: toy.model, modelDigest: "0", dataset: toy.dataset)
  }

  /// Two variants, two sets, two seeds: eight runs.
  static func group(
    _ name: String = "main",
    variants: [Variant] = [
      Variant("one"), Variant("four, \"rows\"", recipe: ["rows": .integer(4)]),
    ]
  ) -> Suite.Group {
    Suite.Group(
      name: name, variants: variants,
      sets: [.given(entries("middle", "top left")), .random(size: 3, count: 1)],
      sparsities: [0.7], seeds: [0, 1], recipe: short)
  }

  static func plan(_ groups: [Suite.Group] = [group()]) throws -> Plan {
    try Plan(Suite(groups: groups), material: material())
  }

  static func outcome(pruned: Double = 0.9, restricted: Double = 0.95) -> RunOutcome {
    RunOutcome(
      accuracy: RunOutcome.Accuracy(
        restricted: restricted, denseFineTuned: 0.96, pruned: pruned),
      validationAccuracy: 0.9, testImages: 40, sparsity: 0.7, modelSparsity: 0.6,
      bytes: RunOutcome.Cost(dense: 1000, packed: 300),
      multiplyAccumulates: RunOutcome.Cost(dense: 5000, packed: 1500),
      layers: [
        RunOutcome.Layer(name: "conv1", isPrunable: false, density: 1),
        RunOutcome.Layer(name: "conv2", isPrunable: true, density: 0.3),
      ],
      iterations: [])
  }
}

/// Counts runs and answers for them.
final class PretendedRuns: Sendable {
  private let keys = Mutex<[String]>([])
  private let answer: @Sendable (PlannedRun) throws -> RunOutcome

  init(
    _ answer: @escaping @Sendable (PlannedRun) throws -> RunOutcome = { _ in Fixtures.outcome() }
  ) {
    self.answer = answer
  }

  var count: Int { keys.withLock { $0.count } }

  func comparison(
    _ plan: Plan, _ folder: TemporaryFolder, workers: Int = 2, retries: Bool = false
  ) -> Comparison {
    Comparison(plan, folder: folder.path, workers: workers, retriesFailures: retries) {
      run, _, progress in
      self.keys.withLock { $0.append(run.key) }
      progress(0.5)
      return try self.answer(run)
    }
  }
}
