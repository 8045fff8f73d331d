import Foundation
import ModelCards
import ModelFormats
import NeuralGraph
import PersonalizationService
import Randomness
import ServiceAPI
import TestSupport
import Testing

/// Jobs on the networks that operators bring: torchvision's names and a folder of pictures. One at
/// a time, for VGG-16 needs a gigabyte.
@Suite(.serialized) struct ArchitectureJobTests {
  private static let classes = ["red", "green", "blue"]
  private static let image = ActivationShape(channels: 3, height: 32, width: 32)

  @Test(arguments: [Architecture.resnet50, .vgg16, .mobileNetV2])
  func stateDictsArePersonalised(architecture: Architecture) throws {
    let server = try TestService()
    let graph = try architecture.graph(input: Self.image, classes: Self.classes.count)
    try register(graph, with: server)

    let job = try server.jobs.wait(server.jobs.submit(Self.body).id)
    #expect(job.status == "succeeded", "\(String(describing: job.error))")
    let id = try #require(job.resultModel)
    let card: ModelCard = try server.client.get("/models/\(id)/card").decode()
    let matrices = graph.nodes.filter { WeightMatrix($0.operation) != nil }
    #expect(card.sparsity.layers.map(\.name) == matrices.map(\.name))
    for (layer, node) in zip(card.sparsity.layers, matrices) {
      #expect(layer.treatment == treatment(of: node, in: graph), "\(layer.name)")
      #expect((layer.reason == nil) == !layer.treatment.hasPrefix("dense"), "\(layer.name)")
      switch layer.treatment {
      case "hybrid":
        let tiles = try #require(layer.tiles)
        #expect(layer.sparsity >= 0.5 && (1...tiles[1]).contains(tiles[0]))
      case "fine_only": #expect(layer.sparsity == 0.5 && layer.tiles?[0] == layer.tiles?[1])
      default: #expect(layer.sparsity == 0)
      }
    }
    #expect(card.sparsity.global >= 0.85)

    let packed = try PackedModel(data: server.client.get("/models/\(id)").body)
    #expect(packed.description.labels == ["blue", "red"])
    #expect(packed.description.architecture == architecture.rawValue)
  }

  /// What Documentation/method.md says under "Which layers".
  private func treatment(of node: Node, in graph: Graph) -> String {
    switch node.operation {
    case .convolution(let convolution) where convolution.inChannels == 3: "dense_first"
    case .convolution(let convolution) where convolution.groups > 1: "dense_depthwise"
    case .linear where node.name == graph.output: "fine_only"
    default: "hybrid"
    }
  }

  private static let body: JSONValue = [
    "classes": ["blue", "red"], "base_model": "brought", "target": ["sparsity": 0.85],
    "recipe": [
      "iterations": 1, "dense_epochs": 0, "epochs_per_iteration": 1, "final_epochs": 0,
      "samples_per_class": 8, "batch_size": 4, "saliency_batches": 1,
      "augmentation": ["flip": false, "shift": 0],
    ],
  ]

  /// Writes pictures and random weights, and registers them as an operator would.
  private func register(_ graph: Graph, with server: TestService) throws {
    let data = server.folder.file("colours")
    var generator = SeededGenerator(seed: 1)
    for (split, each) in [("train", 8), ("test", 3)] {
      for (label, name) in Self.classes.enumerated() {
        let path = "\(data)/\(split)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for index in 0..<each {
          let pixels = (0..<32 * 32 * 3).map {
            UInt8(generator.nextIndex(below: 120) + ($0 % 3 == label ? 90 : 0))
          }
          try Data(Pictures.png(width: 32, height: 32, channels: 3, pixels: pixels))
            .write(to: URL(fileURLWithPath: "\(path)/\(index).png"))
        }
      }
    }
    var writer = SafetensorsWriter()
    for (name, tensor) in graph.initialWeights(seed: 1) { try writer.add(name, tensor) }
    let file = server.folder.file("torch.safetensors")
    try writer.serialized().write(to: URL(fileURLWithPath: file))
    let administration = try Administration(database: server.database)
    _ = try administration.addDataset(name: "colours", path: data)
    _ = try administration.addBaseModel(
      name: "brought", file: file, dataset: "colours", architecture: nil)
  }
}
