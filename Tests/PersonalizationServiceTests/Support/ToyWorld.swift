import Datasets
import Foundation
import ModelFormats
import NeuralGraph
import PersonalizationService
import Randomness
import TestSupport
import Training

/// A data set and a base model small enough that a job takes a fraction of a second: 8x8 images,
/// each class a bright square in another corner, in noise.
struct ToyWorld: Sendable {
  static let labels = ["top left", "top right", "café", "bottom right", "middle"]
  static let baseModel = "toy-net"
  static let dataset = "toy"

  /// The base model's file.
  private let model: Data

  /// The same for all tests of a process: training it takes longer than most of them.
  private static let shared = Result { try ToyWorld() }

  private init() throws {
    let folder = try TemporaryFolder()
    try Self.writeDataset(to: folder.path)
    let dataset = try DatasetCatalog.load(path: folder.path, name: Self.dataset)
    let shape = ActivationShape(channels: 1, height: 8, width: 8)
    var builder = GraphBuilder(input: shape)
    var x = builder.convolution("conv1", builder.image, out: 10, kernel: 3, padding: 1)
    x = builder.relu("relu1", builder.batchNorm("bn1", x))
    x = builder.basicBlock("block", x, channels: 10, out: 20, stride: 2)
    x = builder.convolution("conv2", x, out: 24, kernel: 1)
    x = builder.relu("relu2", builder.batchNorm("bn2", x))
    x = builder.linear("fc", x, features: 24 * 16, out: Self.labels.count)
    let graph = try builder.graph(output: x)
    let normalization = try Normalization(trainingSplitOf: dataset)
    var recipe = UniversalTraining.Recipe()
    recipe.epochs = 3
    recipe.batchSize = 20
    recipe.learningRate = 0.05
    recipe.augmentation = .none
    let loader = try BatchLoader(
      dataset: dataset, classes: Array(Self.labels.indices), normalization: normalization)
    let weights = try UniversalTraining(graph: graph, loader: loader, recipe: recipe, threads: 1)
      .run { _ in }.weights
    let description = try ModelDescription(
      graph: graph, labels: Self.labels,
      preprocessing: Preprocessing(
        shape: shape, mean: normalization.mean,
        standardDeviation: normalization.standardDeviation))
    model = try DenseModel(description: description, weights: weights).serialized()
  }

  /// Puts the data set into `folder`/data and registers it and the base model in a database, as an
  /// operator would.
  static func register(in database: String, folder: TemporaryFolder) throws {
    let data = folder.file("data")
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
    try writeDataset(to: data)
    let file = folder.file("toy-net.safetensors")
    try shared.get().model.write(to: URL(fileURLWithPath: file))
    let administration = try Administration(database: database)
    _ = try administration.addDataset(name: dataset, path: data)
    _ = try administration.addBaseModel(
      name: baseModel, file: file, dataset: dataset, architecture: "toy")
  }

  /// Writes the four IDX files and the class names; `seed` decides the noise.
  static func writeDataset(to folder: String, seed: UInt64 = 1) throws {
    for (prefix, each, seed) in [("train", 60, seed), ("t10k", 20, seed + 1)] {
      let (pixels, labels) = images(each: each, seed: seed)
      let count = UInt32(labels.count)
      try idx([count, 8, 8], pixels)
        .write(to: URL(fileURLWithPath: "\(folder)/\(prefix)-images-idx3-ubyte"))
      try idx([count], labels)
        .write(to: URL(fileURLWithPath: "\(folder)/\(prefix)-labels-idx1-ubyte"))
    }
    try Data((Self.labels.joined(separator: "\n") + "\n").utf8)
      .write(to: URL(fileURLWithPath: "\(folder)/labels.txt"))
  }

  /// Registers the same images as a folder of PNG pictures, and the base model for them. One picture
  /// is corrupt.
  static func registerPictures(
    in database: String, folder: TemporaryFolder, dataset: String, baseModel: String
  ) throws {
    let data = folder.file(dataset)
    for (split, each, seed) in [("train", 60, UInt64(1)), ("val", 20, 2)] {
      let (pixels, labels) = images(each: each, seed: seed)
      for (index, label) in labels.enumerated() {
        let path = "\(data)/\(split)/n0\(label)"
        try FileManager.default.createDirectory(
          atPath: path, withIntermediateDirectories: true)
        let picture = Pictures.png(
          width: 8, height: 8, channels: 1, pixels: Array(pixels[index * 64..<(index + 1) * 64]))
        try Data(picture).write(to: URL(fileURLWithPath: "\(path)/\(index).png"))
      }
    }
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(data)/train/n00/corrupt.png"))
    let names = folder.file("names.txt")
    try Data(labels.enumerated().map { "n0\($0) \($1)\n" }.joined().utf8)
      .write(to: URL(fileURLWithPath: names))
    let administration = try Administration(database: database)
    _ = try administration.addDataset(name: dataset, path: data, labels: names)
    try FileManager.default.removeItem(atPath: names)
    let file = folder.file("toy-net.safetensors")
    try shared.get().model.write(to: URL(fileURLWithPath: file))
    _ = try administration.addBaseModel(
      name: baseModel, file: file, dataset: dataset, architecture: "toy")
  }

  /// yann.lecun.com/exdb/mnist, "The IDX file format": unsigned bytes, big-endian dimensions.
  private static func idx(_ dimensions: [UInt32], _ values: [UInt8]) -> Data {
    var data = Data([0, 0, 8, UInt8(dimensions.count)])
    for dimension in dimensions {
      withUnsafeBytes(of: dimension.bigEndian) { data.append(contentsOf: $0) }
    }
    data.append(contentsOf: values)
    return data
  }

  private static func images(each: Int, seed: UInt64) -> (pixels: [UInt8], labels: [UInt8]) {
    var generator = SeededGenerator(seed: seed)
    let corners = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    for image in 0..<corners.count * each {
      let label = image % corners.count
      labels.append(UInt8(label))
      let (top, left) = corners[label]
      for y in 0..<8 {
        for x in 0..<8 {
          let inside = (top..<top + 4).contains(y) && (left..<left + 4).contains(x)
          pixels.append(UInt8((inside ? 90 : 0) + generator.nextIndex(below: 120)))
        }
      }
    }
    return (pixels, labels)
  }
}
