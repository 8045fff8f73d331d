import ModelFormats
import NeuralGraph
import Pruning
import Testing
import Training

@Suite struct RunEstimateTests {
  private static let data = RunEstimate.Data(validation: 1000, test: 1000, bytes: 0)

  private static func graph(_ name: String, _ side: Int = 224) throws -> Graph {
    try Architecture(named: name).graph(
      input: ActivationShape(channels: 3, height: side, width: side), classes: 100)
  }

  private static func recipe(_ change: (inout PruningRecipe) -> Void = { _ in }) -> PruningRecipe {
    var recipe = PruningRecipe(pattern: .standard, sparsity: 0.9)
    recipe.precision = .f32
    change(&recipe)
    return recipe
  }

  private static func estimate(
    _ graph: Graph, classes: Int = 10, speed: RunSpeed? = nil,
    _ change: (inout PruningRecipe) -> Void = { _ in }
  ) throws -> RunEstimate {
    try RunEstimate(
      recipe(change), graph: graph, classes: classes, data: data, threads: 2, speed: speed)
  }

  static let limits = RunLimits(
    steps: 10_000_000, seconds: 86_400, memoryBytes: 8 << 30, diskBytes: 16 << 30)

  @Test func usualRecipesPass() throws {
    let estimate = try Self.estimate(Self.graph("resnet18", 32))
    // 256 images of each of 10 classes in batches of 64: 40 updates an epoch, 14 epochs.
    #expect(estimate.steps == 40 * 14)
    #expect(!estimate.isMeasured)
    #expect(Self.limits.excesses(of: estimate).isEmpty, "\(estimate)")
  }

  /// What was accepted before there were estimates, and would have run for years.
  @Test func aThousandTimesAThousandEpochsOfAMillionImagesAreTooMuch() throws {
    let estimate = try Self.estimate(Self.graph("resnet18", 32)) {
      $0.iterations = 1000
      $0.epochsPerIteration = 1000
      $0.samplesPerClass = 1_000_000
    }
    #expect(estimate.steps > 100_000_000_000)
    let excesses = Self.limits.excesses(of: estimate)
    #expect(excesses.map(\.resource) == [.steps, .seconds])
    for excess in excesses {
      #expect(
        excess.fields
          == ["recipe.iterations", "recipe.epochs_per_iteration", "recipe.samples_per_class"])
    }
  }

  @Test func largeBatchesOfLargePicturesAreTooMuch() throws {
    let estimate = try Self.estimate(Self.graph("resnet50")) { $0.batchSize = 512 }
    let excess = try #require(
      Self.limits.excesses(of: estimate).first { $0.resource == .memory })
    #expect(excess.fields == ["recipe.batch_size"])
    #expect(excess.estimated > 40e9)
    let small = try Self.estimate(Self.graph("resnet50")) { $0.batchSize = 16 }
    #expect(!Self.limits.excesses(of: small).contains { $0.resource == .memory }, "\(small)")
  }

  @Test func anAccuracyFloorKeepsEveryIteration() throws {
    let graph = try Self.graph("resnet50")
    func disk(_ iterations: Int, floor: Double?) throws -> RunEstimate {
      try Self.estimate(graph) {
        $0.iterations = iterations
        $0.minAccuracy = floor
      }
    }
    #expect(try disk(2, floor: nil).diskBytes == disk(200, floor: nil).diskBytes)
    let floored = try disk(200, floor: 0.9)
    // A hundred megabytes of weights each.
    #expect(floored.diskBytes > 20_000_000_000)
    #expect(floored.memoryBytes == (try disk(2, floor: 0.9).memoryBytes))
    let excess = try #require(Self.limits.excesses(of: floored).first { $0.resource == .disk })
    #expect(excess.fields == ["min_accuracy", "recipe.iterations"])
    // It may have to finish every one of them.
    #expect(try disk(20, floor: 0.9).steps > disk(20, floor: nil).steps)
  }

  @Test func secondsFollowTheSpeed() throws {
    let graph = try Self.graph("resnet18", 32)
    let slow = try Self.estimate(graph, speed: RunSpeed(unitsPerSecond: 1e9))
    let fast = try Self.estimate(graph, speed: RunSpeed(unitsPerSecond: 1e11))
    #expect(slow.isMeasured && slow.work == fast.work)
    #expect(slow.seconds > 50 * fast.seconds)
    #expect(try Self.estimate(graph, speed: RunSpeed(unitsPerSecond: .nan)).seconds.isFinite)
  }

  /// The largest of everything stays a number.
  @Test func nothingOverflows() throws {
    let graph = Graph(
      input: ActivationShape(channels: 1, height: 1 << 20, width: 1 << 19),
      nodes: (0..<200).map {
        Node(
          name: "n\($0)", operation: .relu(limit: nil), inputs: [$0 == 0 ? "input" : "n\($0 - 1)"])
      }, output: "n199")
    let estimate = try Self.estimate(
      graph, classes: .max, speed: RunSpeed(unitsPerSecond: .leastNormalMagnitude)
    ) {
      $0.iterations = 1000
      $0.epochsPerIteration = 1000
      $0.denseEpochs = 1000
      $0.finalEpochs = 1000
      $0.samplesPerClass = 1_000_000
      $0.batchSize = 65536
      $0.saliencyBatches = 10_000
      $0.minAccuracy = 0.5
    }
    #expect(estimate.steps > 1 << 50 && estimate.memoryBytes > 1 << 60)
    #expect(estimate.seconds == 1e12)
    #expect(Self.limits.excesses(of: estimate).map(\.resource).contains(.memory))
  }
}
