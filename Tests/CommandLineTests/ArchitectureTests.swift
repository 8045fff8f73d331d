import Foundation
import ModelFormats
import NeuralGraph
import Randomness
import ServiceAPI
import TestSupport
import Testing

/// The networks that users bring, as they bring them: torchvision's names in a file without any
/// description, and a folder of pictures. One at a time, for VGG-16 needs a gigabyte.
@Suite(.serialized) struct ArchitectureTests {
  private static let classes = ["red", "green", "blue"]
  private static let image = ActivationShape(channels: 3, height: 32, width: 32)

  /// How many layers get which treatment; counted from the papers' tables.
  struct Expectation: Sendable, CustomTestStringConvertible {
    let architecture: Architecture
    let hybrid: Int
    let depthwise: Int
    let first: String
    let classifier: String
    var testDescription: String { architecture.rawValue }
    var layers: Int { hybrid + depthwise + 2 }
  }

  static let expectations = [
    Expectation(
      architecture: .resnet50, hybrid: 52, depthwise: 0, first: "conv1", classifier: "fc"),
    Expectation(
      architecture: .vgg16, hybrid: 14, depthwise: 0, first: "features.0",
      classifier: "classifier.6"),
    Expectation(
      architecture: .mobileNetV2, hybrid: 34, depthwise: 17, first: "features.0.0",
      classifier: "classifier.1"),
  ]

  @Test(arguments: expectations) func fromStateDictToPrunedModel(expected: Expectation) throws {
    let folder = try TemporaryFolder()
    try Self.writeData(to: folder)
    let graph = try expected.architecture.graph(input: Self.image, classes: Self.classes.count)
    var writer = SafetensorsWriter()
    for (name, tensor) in graph.initialWeights(seed: 1) { try writer.add(name, tensor) }
    try folder.write(Array(writer.serialized()), to: "torch.st")
    func crisp(_ arguments: [String]) throws -> CommandLineProgram.Outcome {
      let outcome = try CommandLineProgram.run("crisp", arguments)
      #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
      return outcome
    }

    // The tensors tell the architecture.
    let converted = try crisp([
      "convert", folder.file("torch.st"), folder.file("universal.st"), "--labels",
      Self.classes.joined(separator: ","), "--input", "3x32x32", "--mean", "0.3,0.3,0.3", "--std",
      "0.2,0.2,0.2", "--json",
    ]).json(JSONValue.self)
    #expect(converted["architecture"]?.text == expected.architecture.rawValue)

    let pruned = try crisp([
      "prune", "--model", folder.file("universal.st"), "--data", folder.path, "--classes",
      "blue,red", "--sparsity", "0.85", "--recipe", Self.recipe, "--threads", "2", "--out",
      folder.file("small.st"),
    ])
    let inspected = try crisp(["inspect", folder.file("small.st")])
    for output in [pruned.output, inspected.output] {
      try Self.checkNames(in: output, of: graph)
    }
    Self.checkTreatments(in: pruned.output, expected)

    let evaluated = try crisp([
      "evaluate", folder.file("small.st"), "--data", folder.path, "--json",
    ]).json(JSONValue.self)
    #expect(evaluated["images"]?.double == 6)
    let picture = folder.file("test/blue/0.png")
    let predicted = try crisp(["predict", folder.file("small.st"), picture, "--top", "1"])
    #expect(predicted.output.contains("0.png: "))

    let onnx = try crisp(["convert", folder.file("small.st"), folder.file("small.onnx"), "--json"])
    #expect(try onnx.json(JSONValue.self)["format"]?.text == "onnx")
    _ = try crisp([
      "convert", folder.file("small.st"), folder.file("back.st"), "--format", "state-dict",
    ])
    // Under torchvision's names, with the two classes that are left.
    let back = try #require(try StateDict(ifAt: URL(fileURLWithPath: folder.file("back.st"))))
    try expected.architecture.graph(input: Self.image, classes: 2).validate(back.weights)
  }

  private static let recipe = """
    {"iterations": 1, "dense_epochs": 0, "epochs_per_iteration": 1, "final_epochs": 0, \
    "samples_per_class": 8, "batch_size": 4, "saliency_batches": 1, \
    "augmentation": {"flip": false, "shift": 0}}
    """

  /// Every layer with a matrix has a line, in the network's order.
  private static func checkNames(in output: String, of graph: Graph) throws {
    let names = graph.nodes.filter { WeightMatrix($0.operation) != nil }.map(\.name)
    #expect(table(output).map { String($0.drop { $0 == " " }.prefix { $0 != " " }) } == names)
  }

  /// And every line says what was done, or why nothing was.
  private static func checkTreatments(in output: String, _ expected: Expectation) {
    let lines = table(output)
    #expect(lines.count == expected.layers)
    let hybrid = lines.filter { $0.contains("2:4 in ") && $0.contains(" 16x16 blocks a row") }
    #expect(hybrid.count == expected.hybrid)
    #expect(lines.count { $0.contains("dense: depthwise, every") } == expected.depthwise)
    for (name, text) in [
      (expected.first, "dense: it reads the image"),
      (expected.classifier, "2:4, all blocks: the classifier"),
    ] {
      let line = lines.first { $0.hasPrefix("  \(name) ") }
      #expect(line?.contains(text) == true, "\(line ?? name)")
    }
  }

  private static func table(_ output: String) -> [String] {
    Array(output.split(separator: "\n").map(String.init).drop { $0 != "layers:" }.dropFirst())
  }

  /// Noise, brighter in one channel for each class.
  private static func writeData(to folder: TemporaryFolder) throws {
    var generator = SeededGenerator(seed: 1)
    for (split, each) in [("train", 8), ("test", 3)] {
      for (label, name) in classes.enumerated() {
        try FileManager.default.createDirectory(
          atPath: folder.file("\(split)/\(name)"), withIntermediateDirectories: true)
        for index in 0..<each {
          let pixels = (0..<32 * 32 * 3).map {
            UInt8(generator.nextIndex(below: 120) + ($0 % 3 == label ? 90 : 0))
          }
          try folder.write(
            Pictures.png(width: 32, height: 32, channels: 3, pixels: pixels),
            to: "\(split)/\(name)/\(index).png")
        }
      }
    }
  }
}
