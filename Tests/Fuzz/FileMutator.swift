import Foundation
import ModelFormats
import NeuralGraph
import Randomness

/// Changes packed files where it matters: random bytes seldom pass the JSON header, and a graph that
/// changed fits its tensors no more.
struct FileMutator {
  private var generator: SeededGenerator

  init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
  }

  /// Another file, or nil when the bytes should be mutated blindly.
  mutating func mutated(_ file: Data) -> Data? {
    var split = HeaderSplit(file)
    switch generator.nextIndex(below: 8) {
    case 0: return nil
    case 1:
      split.header = blindly(split.header, room: 64)
      return split.joined
    case 2, 3:
      guard !split.body.isEmpty else { return nil }
      split.body = blindly(split.body, room: 0)
      return split.joined
    case 4, 5: return rebuilt(split)
    default:
      guard let tree = try? JSONSerialization.jsonObject(with: split.header),
        let text = serialized(changed(tree))
      else { return nil }
      split.header = Data(text.utf8)
      if generator.nextIndex(below: 4) == 0 { fitBody(&split) }
      return split.joined
    }
  }

  /// libFuzzer's mutation of a part.
  private func blindly(_ bytes: Data, room: Int) -> Data {
    var buffer = [UInt8](bytes) + [UInt8](repeating: 0, count: room)
    let count = buffer.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { defaultMutator($0, bytes.count, buffer.count) } ?? 0
    }
    return Data(buffer.prefix(count))
  }

  /// As many bytes as the tensors say, if that is not absurd.
  private func fitBody(_ split: inout HeaderSplit) {
    guard let tree = try? JSONSerialization.jsonObject(with: split.header) as? [String: Any] else {
      return
    }
    let ends = tree.values.compactMap { (($0 as? [String: Any])?["data_offsets"] as? [Int])?.last }
    guard let end = ends.max(), (0..<1 << 16).contains(end) else { return }
    split.body.append(Data(count: max(0, end - split.body.count)))
    split.body = Data(split.body.prefix(end))
  }

  /// A valid file with a changed graph: the weights are made anew.
  private mutating func rebuilt(_ split: HeaderSplit) -> Data? {
    guard let tree = try? JSONSerialization.jsonObject(with: split.header) as? [String: Any],
      let texts = tree["__metadata__"] as? [String: String], let text = texts["graph"],
      var graph = try? JSONSerialization.jsonObject(with: Data(text.utf8))
    else { return nil }
    // Most changes make no valid graph.
    for _ in 0..<8 {
      let other = changed(graph)
      guard let text = serialized(other),
        let decoded = try? JSONDecoder().decode(Graph.self, from: Data(text.utf8)),
        isSmall(decoded)
      else { continue }
      graph = other
      let block = [8, 16, 32, 64][generator.nextIndex(below: 4)]
      let dense = decoded.nodes.map(\.name).filter { _ in generator.nextIndex(below: 3) == 0 }
      guard
        let pattern = try? HybridPattern(
          keep: 1 + generator.nextIndex(below: 3), block: block,
          rows: [1, 2, 4][generator.nextIndex(below: 3)]),
        let model = try? FixtureNetworks.packed(
          decoded, pattern, dense: Set(dense), seed: generator.next()),
        let file = try? model.serialized(
          precision: Precision.allCases[generator.nextIndex(below: 3)])
      else { continue }
      return file
    }
    return nil
  }

  /// Whether its weights and classes can be made at once.
  private func isSmall(_ graph: Graph) -> Bool {
    guard let shapes = try? graph.shapes(), (shapes[graph.output]?.count ?? .max) <= 256,
      graph.input.channels <= 256
    else { return false }
    let counts = graph.nodes.flatMap(\.parameters).map { Tensor.count(of: $0.shape) ?? .max }
    return counts.allSatisfy { $0 <= 4096 }
  }

  // JSON

  private func serialized(_ tree: Any) -> String? {
    guard JSONSerialization.isValidJSONObject(tree),
      let data = try? JSONSerialization.data(withJSONObject: tree)
    else { return nil }
    return String(decoding: data, as: UTF8.self)
  }

  private mutating func one<Element>(of values: [Element]) -> Element {
    values[generator.nextIndex(below: values.count)]
  }

  /// The tree with one change somewhere.
  private mutating func changed(_ value: Any) -> Any {
    switch value {
    case let object as [String: Any]: return changedObject(object)
    case let array as [Any]: return changedArray(array)
    case let text as String: return changedText(text)
    case let number as NSNumber: return changedNumber(number)
    default: return 0
    }
  }

  private mutating func changedObject(_ object: [String: Any]) -> [String: Any] {
    var object = object
    let keys = object.keys.sorted()
    guard !keys.isEmpty else { return ["": 0] }
    var key = one(of: keys)
    if object["__metadata__"] != nil, generator.nextIndex(below: 3) > 0 { key = "__metadata__" }
    if object["graph"] != nil, generator.nextIndex(below: 2) == 0 { key = "graph" }
    switch generator.nextIndex(below: 16) {
    case 0: object[key] = nil
    case 1: object[one(of: keys)] = object[key]
    case 2: object[one(of: FileMutator.texts)] = object[key]
    default: if let value = object[key] { object[key] = changed(value) }
    }
    return object
  }

  private mutating func changedArray(_ array: [Any]) -> [Any] {
    var array = array
    guard !array.isEmpty else { return [0] }
    let index = generator.nextIndex(below: array.count)
    switch generator.nextIndex(below: 10) {
    case 0: array.remove(at: index)
    case 1: array.insert(array[generator.nextIndex(below: array.count)], at: index)
    case 2: array.swapAt(index, generator.nextIndex(below: array.count))
    default: array[index] = changed(array[index])
    }
    return array
  }

  private mutating func changedText(_ text: String) -> String {
    // Metadata holds JSON in texts.
    if let inner = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
      let changed = serialized(changed(inner))
    {
      return changed
    }
    return one(of: FileMutator.texts)
  }

  private mutating func changedNumber(_ number: NSNumber) -> Any {
    switch generator.nextIndex(below: 8) {
    case 0: return number.intValue &+ 1
    case 1: return number.intValue &- 1
    case 2: return number.intValue &* 2
    case 3: return one(of: [0.5, -0.5, 1e-30, 1e30, 1e300, -1e300] as [Double])
    case 4: return generator.nextIndex(below: 2) == 0
    case 5: return 1 << generator.nextIndex(below: 63)
    default: return one(of: FileMutator.numbers)
    }
  }

  private static let numbers = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 64, 65, 100, 255, 256, -1, 65535,
    65536, 1 << 24, 1 << 24 + 1, 1 << 31, 1 << 32, 1 << 40, Int.max, Int.min,
  ]

  private static let texts = [
    "", "input", "conv", "stem", "stem_relu", "sum", "a", "gate", "gated", "fc", "convolution",
    "linear", "relu", "clip", "sigmoid", "add", "multiply", "concatenate", "pad", "hard_sigmoid",
    "hard_swish", "scale_shift", "batch_norm", "max_pool", "average_pool", "global_average_pool",
    "limit", "bias", "counts_padding", "F32", "F16", "BF16", "U8", "U16", "I64", "\u{0}", "é",
  ]
}
