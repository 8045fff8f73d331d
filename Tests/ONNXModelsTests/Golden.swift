import Foundation
import ModelFormats
import NeuralGraph
import ONNXModels
import SparseRuntime
import Testing

/// A network in Goldens/ with the images and scores that onnxruntime computed.
struct Golden: Sendable, CustomTestStringConvertible {
  let name: String
  let opset: Int

  static let networks = [
    "layers", "auto_pad", "clips", "pools", "pads", "gates", "constants", "features", "branches",
    "endings", "views", "folded", "channels_last", "shuffles",
  ]
  static let opsets = [11, 13, 17, 18, 21, 23]
  static let exported = [11, 17].flatMap { opset in
    ["torch_folded", "torch_unfolded"].map { Golden(name: $0, opset: opset) }
  }
  static let all =
    networks.flatMap { name in opsets.map { Golden(name: name, opset: $0) } } + exported
    + [
      Golden(name: "oldest", opset: 9), Golden(name: "fixed_batch", opset: 17),
      Golden(name: "torch_plain", opset: 20),
    ]

  var testDescription: String { "\(name)-\(opset)" }

  private func url(_ suffix: String) -> URL {
    Bundle.module.bundleURL.appending(path: "Goldens/\(name)-\(opset).\(suffix)")
  }

  func data() throws -> Data { try Data(contentsOf: url("onnx")) }

  func model() throws -> DenseModel { try ONNXImport.model(contentsOf: url("onnx")) }

  /// Two images, and the scores that are to come out of a network's logits.
  func check(_ model: DenseModel, within tolerance: Float = 1e-4) throws {
    let file = try SafetensorsFile(contentsOf: url("safetensors"))
    let (images, expected) = (try file.tensor("input"), try file.tensor("output"))
    let session = try Session(model: model, batchCapacity: 2)
    var found = try session.run(images: images.values, count: 2)
    let classes = found.count / 2
    for first in stride(from: 0, to: found.count, by: classes) {
      let scores = found[first..<first + classes]
      switch file.metadata["ends in"] {
      case "Softmax":
        let sum = scores.reduce(0) { $0 + exp($1) }
        for i in scores.indices { found[i] = exp(scores[i]) / sum }
      case "LogSoftmax":
        let sum = scores.reduce(0) { $0 + exp($1) }
        for i in scores.indices { found[i] = scores[i] - log(sum) }
      default: break
      }
    }
    #expect(found.count == expected.values.count)
    let largest = expected.values.map(abs).max() ?? 0
    let error = zip(found, expected.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(error <= tolerance * max(largest, 1e-3))
  }
}
