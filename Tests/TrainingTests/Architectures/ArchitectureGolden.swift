import Foundation
import ModelFormats
import NeuralGraph
import Testing
import Training

/// One architecture of `Goldens/architectures.safetensors` in one of its forms, as
/// `make_architecture_goldens.py` ran it with PyTorch.
struct ArchitectureGolden: Sendable, CustomTestStringConvertible {
  static let batch = 2

  let architecture: Architecture
  let graph: Graph
  let classes: Int
  let testDescription: String
  /// Learned parameters as PyTorch names, shapes and orders them.
  let parameters: [(name: String, shape: [Int])]
  private let modes: [String: ModeDescription]
  private let file: SafetensorsFile

  /// How far PyTorch's single precision is from its double precision, and which convolutions have
  /// pinned values.
  struct ModeDescription: Decodable {
    let scoreError: Double
    let gradientError: Double
    let pinned: [String]
  }

  private struct Description: Decodable {
    let architecture: String
    let channels: Int
    let side: Int
    let classes: Int
    let parameters: [NamedShape]
    let modes: [String: ModeDescription]
  }

  private struct NamedShape: Decodable {
    let name: String
    let shape: [Int]

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      name = try container.decode(String.self)
      shape = try container.decode([Int].self)
    }
  }

  static let all: [ArchitectureGolden] = {
    do {
      let url = try #require(
        Bundle.module.url(
          forResource: "architectures", withExtension: "safetensors", subdirectory: "Goldens"))
      let file = try SafetensorsFile(contentsOf: url)
      let text = try #require(file.metadata["cases"])
      return try JSONDecoder().decode([Description].self, from: Data(text.utf8))
        .map { try ArchitectureGolden($0, file) }
    } catch {
      Issue.record("cannot read the goldens: \(error)")
      return []
    }
  }()

  private init(_ description: Description, _ file: SafetensorsFile) throws {
    architecture = try Architecture(named: description.architecture)
    graph = try architecture.graph(
      input: ActivationShape(
        channels: description.channels, height: description.side, width: description.side),
      classes: description.classes)
    classes = description.classes
    testDescription = "\(description.architecture)-\(description.side)"
    parameters = description.parameters.map { ($0.name, $0.shape) }
    modes = description.modes
    self.file = file
  }

  var images: Tensor {
    let input = graph.input
    return HashedNumbers("images").uniform(
      [Self.batch, input.channels, input.height, input.width], around: 0, half: 1.75)
  }

  /// dL/d(scores).
  var direction: Tensor {
    HashedNumbers("direction").uniform([Self.batch, classes], around: 0, half: 1)
  }

  /// The formulas of the script's `fill`, which explains them.
  func weights() -> Weights {
    let lastNorm = graph.nodes.last {
      if case .batchNorm = $0.operation { true } else { false }
    }
    var weights: Weights = [:]
    for node in graph.nodes {
      for parameter in node.parameters {
        let numbers = HashedNumbers(parameter.name)
        func uniform(_ middle: Float, _ half: Float) -> Tensor {
          numbers.uniform(parameter.shape, around: middle, half: half)
        }
        weights[parameter.name] =
          switch (parameter.role, node.operation) {
          case (.weight, _): weight(parameter, numbers)
          case (.scale, _): uniform(0.875, 0.25)
          case (.bias, .convolution): uniform(lastNorm == nil ? 3 : 0, 0.25)
          case (.bias, .batchNorm) where node == lastNorm: uniform(lastConstant, 0.25)
          case (.bias, _): uniform(3, 0.25)
          default:
            Tensor(
              shape: parameter.shape, filledWith: parameter.name == node.varianceName ? 1 : 0)
          }
      }
    }
    return weights
  }

  private var lastConstant: Float {
    switch architecture {
    case .vgg16, .vgg16BN: 3
    case .mobileNetV2: 0
    case .resnet18: -6
    case .resnet20, .resnet34, .resnet50: -9
    case .resnet32: -15
    }
  }

  private func weight(_ parameter: Parameter, _ numbers: HashedNumbers) -> Tensor {
    let length = parameter.shape.dropFirst().reduce(1, *)
    let bound = Float((3 / Double(length)).squareRoot())
    return numbers.uniform(parameter.shape, around: 0, half: bound, pairs: length)
  }

  func scores(_ mode: String) throws -> [Float] {
    try file.tensor("\(testDescription)/\(mode)/scores").values
  }

  /// PyTorch's gradient of each parameter, in the order of `parameters`.
  func gradients(_ mode: String) throws -> [GradientSummary] {
    let all = try file.tensor("\(testDescription)/\(mode)/gradients").values
    return stride(from: 0, to: all.count, by: GradientSummary.columns).map {
      GradientSummary(stored: all[$0..<$0 + GradientSummary.columns])
    }
  }

  func description(of mode: String) throws -> ModeDescription { try #require(modes[mode]) }

  /// What keeps every rectifier and pool from choosing between values within rounding.
  func pins(_ mode: String) throws -> [String: [PinnedValue]] {
    try description(of: mode).pinned.reduce(into: [:]) { pins, node in
      let rows = try file.tensor("\(testDescription)/\(mode)/pins/\(node)").values
      pins[node] = try stride(from: 0, to: rows.count, by: 2).map {
        PinnedValue(index: try #require(Int(exactly: rows[$0])), value: rows[$0 + 1])
      }
    }
  }
}
