import Foundation
import ModelFormats
import ONNXModels

// Writes random networks in the exact pattern for our runtime and, with the zeros in them, as ONNX
// for everybody else.
//
//   pattern-networks FOLDER NAME…        NAME: resnet50-224-2of4-95-v4, resnet50-224-dense
//
// Each gives NAME.onnx, NAME.f32.safetensors, NAME.f16.safetensors (packed networks) and NAME.json
// with what they hold. A network whose .json is there is left alone.

let seed: UInt64 = 4
let arguments = CommandLine.arguments
guard arguments.count >= 3 else {
  FileHandle.standardError.write(Data("usage: pattern-networks FOLDER NAME…\n".utf8))
  exit(2)
}

/// What a network holds, for the size table.
struct Facts: Codable {
  var name: String
  /// Zeros per weight of the layers pruned in blocks.
  var sparsity: Double
  var parameters: Int
  /// Weights of the layers pruned in blocks.
  var blockWeights: Int
  var multiplyAccumulates: Int
  var keptMultiplyAccumulates: Int
}

func write(_ name: NetworkName, to folder: URL) throws {
  func url(_ suffix: String) -> URL { folder.appending(path: "\(name.text).\(suffix)") }
  guard !FileManager.default.fileExists(atPath: url("json").path) else { return }
  let network = try RandomNetwork(name, seed: seed)
  let graph = network.description.graph
  let dense = try graph.multiplyAccumulates().values.reduce(0, +)
  var facts = Facts(
    name: name.text, sparsity: network.sparsity,
    parameters: network.weights.values.reduce(0) { $0 + $1.values.count },
    blockWeights: network.blockWeights,
    multiplyAccumulates: dense, keptMultiplyAccumulates: dense)
  if let pattern = name.pattern {
    let model = try PackedModel(
      description: network.description, pattern: pattern, weights: network.weights,
      masks: network.masks, provenance: Provenance(seed: seed))
    facts.keptMultiplyAccumulates = try model.multiplyAccumulates().values.reduce(0, +)
    try model.serialized().write(to: url("f32.safetensors"))
    try model.serialized(precision: .float16).write(to: url("f16.safetensors"))
    try ONNXExport.data(model).write(to: url("onnx"))
  } else {
    let model = try DenseModel(description: network.description, weights: network.weights)
    try model.serialized().write(to: url("f32.safetensors"))
    try ONNXExport.data(model).write(to: url("onnx"))
  }
  try JSONEncoder().encode(facts).write(to: url("json"))
}

do {
  let folder = URL(filePath: arguments[1])
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  for text in arguments[2...] { try write(try NetworkName(text), to: folder) }
} catch {
  FileHandle.standardError.write(Data("pattern-networks: \(error)\n".utf8))
  exit(1)
}
