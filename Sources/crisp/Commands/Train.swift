import ArgumentParser
import Datasets
import Flags
import Foundation
import Inputs
import ModelFormats
import NeuralGraph
import Pruning
import Training

/// `crisp train`: a universal model for all classes of a data set.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a universal classifier on all classes of a data set.",
    discussion: """
      Example: crisp train --arch resnet20 --data fashion-mnist --out universal.safetensors

      The weights of the epoch with the best validation accuracy are written as safetensors under \
      PyTorch's names. The test split is not looked at; `crisp evaluate` does that.
      """)

  @Option(help: "Architecture: \(Architecture.allCases.map(\.rawValue).joined(separator: ", ")).")
  var arch = Architecture.resnet20.rawValue

  @Option(help: "Channels of every layer, as a multiple of the architecture's own.")
  var width = 1.0

  @OptionGroup var data: DataOptions

  @Option(help: "Where to write the model.")
  var out: String

  @Option(help: "Passes over the training split.")
  var epochs = UniversalTraining.Recipe().epochs

  @Option(help: "Images per step.")
  var batch = UniversalTraining.Recipe().batchSize

  @Option(help: "Highest learning rate.")
  var learningRate = UniversalTraining.Recipe().learningRate

  @Option(help: "Seed of weights, order and augmentation: 0 to 9223372036854775807.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "Rows and columns of the model's input, for pictures in files.",
      discussion: """
        Default: the pictures' own size when all have one of at most 64 pixels, else 224.
        """))
  var size: Int?

  @Option(
    help: "How training computes: f32, or bf16 where the processor has it (faster, same accuracy).")
  var precision = Training.Precision.f32

  @OptionGroup var augmentation: AugmentationOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    let file: String
    let parameters: Int
    let epoch: Int
    /// Absent where the data set has no image to validate with.
    let validationAccuracy: Double?
    let seconds: Double
  }

  /// What the model file says of its making.
  struct TrainingNote: Encodable {
    let recipe: UniversalTraining.Recipe
    let dataDigest: String
    let epoch: Int
    let validationAccuracy: Double?

    private enum CodingKeys: String, CodingKey {
      case recipe, epoch
      case dataDigest = "data_digest"
      case validationAccuracy = "validation_accuracy"
    }
  }

  func validate() throws {
    try InputRange(1...10_000).check(epochs, "--epochs")
    try InputRange(2...65_536).check(batch, "--batch")
    try InputRange(8...1024).check(size, "--size")
    try InputRange(1e-9...10).check(learningRate, "--learning-rate")
    try InputRange(0.01...16).check(width, "--width")
    try PruningRecipe.seeds.check(seed, "--seed")
  }

  /// Small pictures of one size stay as they are; others are brought to a square as photographs are.
  private func geometry(of dataset: ImageDataset) throws -> InputGeometry {
    if let shape = dataset.imageShape {
      guard size == nil || size == shape.height && size == shape.width else {
        throw ValidationError(
          "--size is for pictures in files; '\(data.data)' has \(shape) images.")
      }
      return InputGeometry(shape: shape)
    }
    let common = dataset.commonShape(largest: 64)
    if let common, size == nil || size == common.height && size == common.width {
      return InputGeometry(shape: common)
    }
    let side = size ?? 224
    return .photographs(
      shape: ImageShape(channels: common?.channels ?? 3, height: side, width: side))
  }

  func run() throws {
    try checkOutput(out)
    let threads = threads.count()
    let dataset = try data.load()
    let geometry = try geometry(of: dataset)
    let shape = ActivationShape(
      channels: geometry.shape.channels, height: geometry.shape.height,
      width: geometry.shape.width)
    let graph = try Architecture(named: arch).graph(
      input: shape, classes: dataset.classes.count, width: width)
    let normalization = try Normalization(trainingSplitOf: dataset, geometry: geometry)
    let loader = try BatchLoader(
      dataset: dataset, classes: Array(dataset.classes.indices), normalization: normalization,
      geometry: geometry, decodeThreads: threads)
    var recipe = UniversalTraining.Recipe()
    recipe.augmentation = augmentation.applied(to: .standard(for: geometry))
    recipe.epochs = epochs
    recipe.batchSize = batch
    recipe.learningRate = learningRate
    recipe.seed = seed
    recipe.precision = precision

    let bar = ProgressBar()
    let start = Date()
    let training = UniversalTraining(
      graph: graph, loader: loader, recipe: recipe, threads: threads)
    let settling = Settling(graph, updatesPerEpoch: training.stepsPerEpoch)
    if training.recipe.batchSize < batch {
      warn("--batch \(batch) is cut to \(training.recipe.batchSize), the training images there are")
    }
    if dataset.counts(.validation).allSatisfy({ $0 == 0 }) {
      warn(
        "no class has five training images, so that none are set apart for validation: the last "
          + "epoch's weights are written, and their accuracy is not measured")
    }
    let outcome = try training.run { progress in
      let text = String(
        format: "epoch %d/%d  loss %.4f", progress.epoch, progress.epochs, progress.loss)
      if let accuracy = progress.validationAccuracy {
        bar.note(
          "\(text)  validation \(percent(accuracy))\(settling.note(afterEpoch: progress.epoch))")
      } else {
        bar.update(progress.fraction, text)
      }
    }
    bar.finish()
    warnOfSkippedImages(dataset)

    let note = TrainingNote(
      recipe: training.recipe, dataDigest: try dataset.digest.hex, epoch: outcome.epoch,
      validationAccuracy: outcome.validationAccuracy)
    let model = try DenseModel(
      description: ModelDescription(
        graph: graph, labels: dataset.classes,
        preprocessing: Preprocessing(
          shape: shape, mean: normalization.mean,
          standardDeviation: normalization.standardDeviation, resize: geometry.resize,
          orientation: .exif),
        architecture: try Architecture(named: arch).title(width: width), dataset: dataset.name),
      weights: outcome.weights, training: CanonicalJSON.text(note))
    try model.serialized().write(to: URL(fileURLWithPath: out), options: .atomic)

    let learned = graph.parameters().filter(\.role.isLearned)
    let report = Report(
      file: out, parameters: learned.compactMap { Tensor.count(of: $0.shape) }.reduce(0, +),
      epoch: outcome.epoch, validationAccuracy: outcome.validationAccuracy,
      seconds: Date().timeIntervalSince(start))
    try output.print(report) {
      """
      wrote \(report.file): \(report.parameters) parameters, epoch \(report.epoch), \
      validation \(percent(report.validationAccuracy)), \(Int(report.seconds)) s
      """
    }
  }
}

extension Training.Precision: ExpressibleByArgument {}
