import ModelFormats
import NeuralGraph

/// What a network's name asks for: `resnet50-224-2of4-95-v4` is ResNet-50 for pictures of 224
/// pixels, 95 % sparse with 2:4 and four rows to a group; `…-v4-b16` has tiles of 16 instead of 32;
/// `resnet50-224-dense` has all weights.
struct NetworkName {
  let text: String
  let architecture: Architecture
  let side: Int
  /// Nil for a dense network.
  let pattern: HybridPattern?
  /// Zeros per weight of the layers pruned in blocks.
  let sparsity: Double

  init(_ text: String) throws {
    self.text = text
    let parts = text.split(separator: "-").map(String.init)
    guard parts.count >= 3, let side = Int(parts[1]) else { throw Failure.name(text) }
    architecture = try Architecture(named: parts[0])
    self.side = side
    if parts.count == 3, parts[2] == "dense" {
      pattern = nil
      sparsity = 0
      return
    }
    guard (5...6).contains(parts.count), parts[2].hasSuffix("of4"),
      let keep = Int(parts[2].dropLast(3)),
      let percent = Double(parts[3]), (0..<100).contains(percent), parts[4].hasPrefix("v"),
      let rows = Int(parts[4].dropFirst()),
      let block = parts.count == 5 ? 32 : Int(parts[5].dropFirst())
    else { throw Failure.name(text) }
    pattern = try HybridPattern(keep: keep, block: block, rows: rows)
    sparsity = percent / 100
  }
}

/// What can go wrong beside the libraries' errors.
enum Failure: Error, CustomStringConvertible {
  case name(String)

  var description: String {
    switch self {
    case .name(let text):
      "'\(text)' is no network: write ARCHITECTURE-SIDE-dense or "
        + "ARCHITECTURE-SIDE-KEEPof4-PERCENT-vROWS[-bBLOCK]"
    }
  }
}
