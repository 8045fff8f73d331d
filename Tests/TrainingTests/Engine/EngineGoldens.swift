import Foundation
import ModelFormats
import NeuralGraph
import Testing

/// The networks of `Goldens/engine.safetensors`, which `make_goldens.py` computed with PyTorch in
/// double precision.
struct EngineGolden: Sendable, CustomTestStringConvertible {
  let label: String
  let graph: Graph
  let labels: [Int]
  let images: Tensor
  let weights: Weights
  private let prefix: String
  private let file: SafetensorsFile

  var testDescription: String { label }

  static let all: [EngineGolden] = {
    do {
      let url = try #require(
        Bundle.module.url(
          forResource: "engine", withExtension: "safetensors", subdirectory: "Goldens"))
      let file = try SafetensorsFile(contentsOf: url)
      return try file.metadata.keys.sorted { (Int($0) ?? 0) < (Int($1) ?? 0) }
        .map { try EngineGolden(index: $0, file: file) }
    } catch {
      Issue.record("cannot read the goldens: \(error)")
      return []
    }
  }()

  private struct Description: Decodable {
    let label: String
    let graph: Graph
    let labels: [Int]
  }

  private init(index: String, file: SafetensorsFile) throws {
    let text = try #require(file.metadata[index])
    let description = try JSONDecoder().decode(Description.self, from: Data(text.utf8))
    label = description.label
    graph = description.graph
    labels = description.labels
    prefix = index
    self.file = file
    images = try file.tensor("\(index)/images")
    weights = try EngineGolden.tensors("\(index)/weights/", in: file)
  }

  /// PyTorch's result of that name, for example `training/scores`.
  func expected(_ name: String) throws -> [Float] { try file.tensor("\(prefix)/\(name)").values }

  /// Names and values below a folder, for example `training/gradient`.
  func expectedTensors(_ folder: String) throws -> Weights {
    try EngineGolden.tensors("\(prefix)/\(folder)/", in: file)
  }

  private static func tensors(_ prefix: String, in file: SafetensorsFile) throws -> Weights {
    var result: Weights = [:]
    for name in file.entries.keys where name.hasPrefix(prefix) {
      result[String(name.dropFirst(prefix.count))] = try file.tensor(name)
    }
    return result
  }
}

/// Largest absolute difference, relative to the largest expected value (floor 1e-6, for tensors
/// that are zero).
func relativeError(_ found: some Sequence<Float>, _ expected: [Float]) -> Float {
  let scale = max(expected.map(abs).max() ?? 0, 1e-6)
  var worst: Float = 0
  var count = 0
  for (a, b) in zip(found, expected) {
    worst = max(worst, a.isFinite ? abs(a - b) : .infinity)
    count += 1
  }
  return count == expected.count ? worst / scale : .infinity
}
