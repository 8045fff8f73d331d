import ArgumentParser
import Flags
import Foundation
import ModelFormats
import NeuralGraph
import Pruning

/// `crisp inspect`: what is in a model file.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a model file holds: labels, layers, density, provenance.",
    discussion: "Example: crisp inspect shoes.crisp.safetensors")

  @Argument(help: "A dense or packed model.")
  var file: String

  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    struct Layer: Encodable {
      let name: String
      let shape: [Int]
      let pattern: String
      let kept: Int
      let tiles: String
      /// Why a layer of a packed model is dense.
      let reason: String?
    }
    let file: String
    let format: String
    let bytes: Int
    let input: String
    let labels: [String]
    let multiplyAccumulates: Int
    let layers: [Layer]
    let recipe: String?
    let accuracy: String?
    let baseModelDigest: String?
    let dataDigest: String?
  }

  func run() throws {
    let url = URL(fileURLWithPath: file)
    let model = try ModelFile(contentsOf: url)
    let bytes = (try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
    let report = try report(model, bytes: bytes)
    try output.print(report) { text(report) }
  }

  private func report(_ model: ModelFile, bytes: Int) throws -> Report {
    let description = model.description
    let reasons = Dictionary(
      PrunableLayer.layers(of: description.graph).map { ($0.name, $0.treatment.reasonToStayDense) },
      uniquingKeysWith: { first, _ in first })
    let layers = description.graph.nodes.compactMap { node -> Report.Layer? in
      guard let matrix = WeightMatrix(node.operation) else { return nil }
      let shape = [matrix.rows, matrix.columns]
      if case .packed(let packed) = model, let layer = packed.layers[node.name] {
        return Report.Layer(
          name: node.name, shape: shape, pattern: layer.pattern.description,
          kept: layer.keptWeights, tiles: "\(layer.keptTiles)/\(layer.blockColumnCount)",
          reason: nil)
      }
      let reason: String? = if case .packed = model { reasons[node.name] ?? nil } else { nil }
      return Report.Layer(
        name: node.name, shape: shape, pattern: "dense", kept: matrix.count, tiles: "-",
        reason: reason)
    }
    let counts: [String: Int]
    var packed: PackedModel?
    switch model {
    case .dense: counts = try description.graph.multiplyAccumulates()
    case .packed(let found):
      counts = try found.multiplyAccumulates()
      packed = found
    }
    return Report(
      file: file, format: packed == nil ? DenseModel.format : PackedModel.format, bytes: bytes,
      input: description.graph.input.description, labels: description.labels,
      multiplyAccumulates: counts.values.reduce(0, +), layers: layers,
      recipe: packed?.provenance.recipe, accuracy: packed?.provenance.accuracy,
      baseModelDigest: packed?.provenance.baseModelDigest,
      dataDigest: packed?.provenance.dataDigest)
  }

  private func text(_ report: Report) -> String {
    let width = report.layers.map(\.name.count).max() ?? 0
    let lines = report.layers.map { layer in
      let count = layer.shape.reduce(1, *)
      let name = layer.name.padding(toLength: width, withPad: " ", startingAt: 0)
      let shape = "\(layer.shape[0])x\(layer.shape[1])"
        .padding(toLength: 11, withPad: " ", startingAt: 0)
      let pattern = layer.pattern.padding(toLength: 11, withPad: " ", startingAt: 0)
      let tiles = layer.tiles.padding(toLength: 7, withPad: " ", startingAt: 0)
      return "  \(name)  \(shape)  \(pattern)  tiles \(tiles)  "
        + "\(layer.kept) of \(count) weights\(layer.reason.map { " (\($0))" } ?? "")"
    }
    var head = [
      "\(report.file): \(report.format), \(report.bytes) bytes, input \(report.input)",
      "labels: \(report.labels.joined(separator: ", "))",
      "multiply-accumulates per image: \(report.multiplyAccumulates)",
    ]
    for (name, value) in [
      ("recipe", report.recipe), ("accuracy", report.accuracy),
      ("base model", report.baseModelDigest), ("data", report.dataDigest),
    ] {
      if let value { head.append("\(name): \(value)") }
    }
    return (head + ["layers:"] + lines).joined(separator: "\n")
  }
}
