import Datasets
import Foundation
import ModelFormats
import NeuralGraph
import PersonalizationService
import Pruning
import TestSupport
import Testing

/// What registering a base model says of it, and what it refuses.
@Suite struct BaseModelTests {
  private let folder: TemporaryFolder
  private let administration: Administration

  init() throws {
    folder = try TemporaryFolder()
    try ToyWorld.register(in: folder.file("crisp.sqlite"), folder: folder)
    administration = try Administration(database: folder.file("crisp.sqlite"))
  }

  private var trained: DenseModel {
    get throws {
      try DenseModel(
        contentsOf: URL(fileURLWithPath: folder.file("toy-net.safetensors")))
    }
  }

  private func add(_ name: String, _ model: DenseModel) throws -> String {
    let file = folder.file("\(name).safetensors")
    try model.serialized().write(to: URL(fileURLWithPath: file))
    return try administration.addBaseModel(
      name: name, file: file, dataset: ToyWorld.dataset, architecture: nil)
  }

  @Test func aModelIsTriedOnItsData() throws {
    let text = try add("again", trained)
    #expect(text.contains("registered base model 'again'"))
    #expect(text.contains("\ntried: ") && text.contains("test images of 'toy' right"), "\(text)")
  }

  /// The usual mistakes: labels in another order, or statistics of something else.
  @Test func aCoinTossIsWarnedOf() throws {
    let good = try trained.description
    let rotated = try DenseModel(
      description: ModelDescription(
        graph: good.graph, labels: Array(good.labels.dropFirst() + good.labels.prefix(1)),
        preprocessing: good.preprocessing), weights: trained.weights)
    let text = try add("rotated", rotated)
    #expect(text.contains("\nwarning: ") && text.contains("are the labels in the order"), "\(text)")
  }

  @Test func whatCannotBeSlicedIsRefused() throws {
    let good = try trained.description
    let doubled = try DenseModel(
      description: ModelDescription(
        graph: Graph(
          input: good.graph.input,
          nodes: good.graph.nodes + [
            Node(name: "sum", operation: .add, inputs: [good.graph.output, good.graph.output])
          ], output: "sum"), labels: good.labels, preprocessing: good.preprocessing),
      weights: trained.weights)
    let error = #expect(throws: PruningError.self) { try add("doubled", doubled) }
    #expect(error?.code == "no_classifier")
  }
}
