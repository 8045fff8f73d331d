import Datasets
import ModelFormats
import NeuralGraph
import Training

/// A small problem that a small network learns in a second: see `CornerSquares`. Channel counts are
/// ragged on purpose.
package struct ToyProblem {
  package let dataset: ImageDataset
  package let model: DenseModel

  package static let names = ["top left", "top right", "bottom left", "bottom right", "middle"]

  package init(classes: Int = 5, trained: Bool = false) throws {
    try self.init(
      dataset: ImageDataset(
        name: "toy", classes: Array(Self.names.prefix(classes)),
        training: Self.images(classes: classes, each: 60, seed: 1),
        test: Self.images(classes: classes, each: 20, seed: 2)), trained: trained)
  }

  /// The network for images that come from elsewhere.
  package init(dataset: ImageDataset, trained: Bool) throws {
    self.dataset = dataset
    let classes = dataset.classes.count
    let shape = ActivationShape(channels: 1, height: 8, width: 8)
    var builder = GraphBuilder(input: shape)
    var x = builder.convolution("conv1", builder.image, out: 10, kernel: 3, padding: 1)
    x = builder.relu("relu1", builder.batchNorm("bn1", x))
    x = builder.basicBlock("block", x, channels: 10, out: 20, stride: 2)
    x = builder.convolution("conv2", x, out: 24, kernel: 1)
    x = builder.relu("relu2", builder.batchNorm("bn2", x))
    x = builder.linear("fc", x, features: 24 * 16, out: classes)
    let graph = try builder.graph(output: x)
    let normalization = try Normalization(trainingSplitOf: dataset)
    var weights = graph.initialWeights(seed: 4)
    if trained {
      var recipe = UniversalTraining.Recipe()
      recipe.epochs = 3
      recipe.batchSize = 20
      recipe.learningRate = 0.05
      recipe.augmentation = .none
      let loader = try BatchLoader(
        dataset: dataset, classes: Array(0..<classes), normalization: normalization)
      weights = try UniversalTraining(graph: graph, loader: loader, recipe: recipe, threads: 1)
        .run { _ in }.weights
    }
    model = try DenseModel(
      description: ModelDescription(
        graph: graph, labels: dataset.classes,
        preprocessing: Preprocessing(
          shape: shape, mean: normalization.mean,
          standardDeviation: normalization.standardDeviation)),
      weights: weights)
  }

  package func sampler() throws -> ClassSampler {
    let count = dataset.classes.count
    let loader = try BatchLoader(
      dataset: dataset, classes: Array(0..<count),
      normalization: try Normalization(trainingSplitOf: dataset))
    return try ClassSampler(
      loader: loader, weights: [Double](repeating: 1, count: count), augmentation: .none, seed: 3,
      stream: "toy")
  }

  private static func images(classes: Int, each: Int, seed: UInt64) throws -> LabelledImages {
    let (pixels, labels) = CornerSquares.images(classes: classes, each: each, seed: seed)
    return try LabelledImages(
      channels: 1, height: 8, width: 8, pixels: pixels, labels: labels, source: "toy")
  }
}
