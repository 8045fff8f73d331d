import Datasets
import ModelFormats
import NeuralGraph
import Pruning
import TestSupport
import Testing
import Training

/// Data sets of a few images, and runs that come to nothing.
@Suite struct SmallDataTests {
  /// So many training images of each of three classes, and two test images.
  private static func problem(each: Int, trained: Bool = true) throws -> ToyProblem {
    func images(_ each: Int, _ seed: UInt64) throws -> LabelledImages {
      let (pixels, labels) = CornerSquares.images(classes: 3, each: each, seed: seed)
      return try LabelledImages(
        channels: 1, height: 8, width: 8, pixels: pixels, labels: labels, source: "small")
    }
    return try ToyProblem(
      dataset: ImageDataset(
        name: "small", classes: Array(ToyProblem.names.prefix(3)), training: images(each, 1),
        test: images(2, 2)), trained: trained)
  }

  private static func run(
    _ problem: ToyProblem, _ change: (inout PruningRecipe) -> Void = { _ in }
  ) throws -> Personalization {
    var recipe = try PersonalizationTests.recipe(sparsity: 0.5)
    recipe.iterations = 1
    recipe.samplesPerClass = 8
    change(&recipe)
    return try Personalization(
      universal: problem.model, universalDigest: "0", dataset: problem.dataset,
      profile: ClassProfile(names: Array(ToyProblem.names.prefix(2))), recipe: recipe, threads: 1)
  }

  /// Below five images a class there are none to validate with: nothing is measured, and nothing said
  /// to be 0.
  @Test func withoutValidationImagesNothingIsMeasured() throws {
    let problem = try Self.problem(each: 4)
    #expect(problem.dataset.counts(.validation) == [0, 0, 0])
    let report = try Self.run(problem).run().report
    #expect(report.pruned.validation.accuracy == nil)
    #expect(report.iterations.map(\.validationAccuracy) == [nil])
    #expect(report.pruned.test.accuracy != nil)
    #expect(report.verificationError <= 1e-4, "compared on training images")
    #expect(report.finalEpoch == 2, "the last")
  }

  @Test func anAccuracyFloorNeedsImages() throws {
    let problem = try Self.problem(each: 4)
    let error = #expect(throws: PruningError.self) {
      try Self.run(problem) { $0.minAccuracy = 0.1 }
    }
    #expect(error?.code == "nothing_to_validate")
    #expect(error?.description.contains("'small'") == true)
  }

  /// 16 images in batches of 4,096 took 4.8 GB; the recipe says what was done.
  @Test func batchesAreCutToTheImages() throws {
    let problem = try Self.problem(each: 8)
    let large = try Self.run(problem) { $0.batchSize = 4096 }
    #expect(large.recipe.batchSize == 14, "two classes, a tenth of each set apart")
    let exact = try Self.run(problem) { $0.batchSize = 14 }
    #expect(try large.estimate().memoryBytes == exact.estimate().memoryBytes)
    let result = try large.run()
    #expect(try result.packed == exact.run().packed)
    #expect(result.recipe.batchSize == 14)
    let small = try Self.run(problem) { $0.batchSize = 6 }
    #expect(small.recipe.batchSize == 6)
  }

  /// What the server reckons with before it takes a job.
  @Test func estimatesCutBatches() throws {
    let problem = try Self.problem(each: 8)
    func memory(_ training: Int?) throws -> Int {
      var recipe = try PersonalizationTests.recipe(sparsity: 0.5)
      recipe.batchSize = 4096
      return try RunEstimate(
        recipe, graph: problem.model.description.graph, classes: 2,
        data: RunEstimate.Data(training: training, validation: 2, test: 4, bytes: 1000), threads: 1
      ).memoryBytes
    }
    #expect(try memory(14) < memory(nil) / 2)
  }

  @Test func universalTrainingOnAHandfulOfImages() throws {
    let problem = try Self.problem(each: 1, trained: false)
    let description = problem.model.description
    let loader = try BatchLoader(
      dataset: problem.dataset, classes: [0, 1, 2],
      normalization: Normalization(trainingSplitOf: problem.dataset))
    var recipe = UniversalTraining.Recipe()
    recipe.epochs = 2
    recipe.batchSize = 100_000
    recipe.augmentation = .none
    let training = UniversalTraining(
      graph: description.graph, loader: loader, recipe: recipe, threads: 1)
    #expect(training.recipe.batchSize == 3)
    let outcome = try training.run { #expect($0.validationAccuracy == nil) }
    #expect(outcome.validationAccuracy == nil && outcome.epoch == 2)
  }

  /// The last update may leave no numbers behind although its own loss was one. The packing is not at
  /// fault then, and the words are those of a loss that became infinite.
  @Test(arguments: [4, 8]) func divergedRunsSaySo(each: Int) throws {
    let problem = try Self.problem(each: each)
    var codes: Set<String> = []
    for seed in 0..<6 as Range<UInt64> {
      for rate in [3.0, 10] {
        do {
          _ = try Self.run(problem) {
            $0.learningRate = rate
            $0.seed = seed
            $0.epochsPerIteration = 1
            $0.samplesPerClass = 64
            $0.batchSize = 8
          }.run()
        } catch let error as TrainingError {
          codes.insert(error.code)
          #expect(error.description.contains("the loss became infinite"))
        } catch { Issue.record("\(error)") }
      }
    }
    #expect(codes == ["training_diverged"])
  }

  /// An update that blows up the weights, looked at in the evaluation that follows it.
  @Test func weightsThatAreNoNumbersAreFound() throws {
    let problem = try Self.problem(each: 8)
    let network = try Network(
      graph: problem.model.description.graph,
      weights: problem.model.weights.mapValues {
        Tensor(shape: $0.shape, filledWith: .infinity)
      }, threads: 1)
    let loader = try BatchLoader(
      dataset: problem.dataset, classes: [0, 1, 2],
      normalization: Normalization(trainingSplitOf: problem.dataset))
    #expect(throws: TrainingError.diverged(step: 7)) {
      try network.evaluate(loader, split: .test, step: 7)
    }
  }
}
