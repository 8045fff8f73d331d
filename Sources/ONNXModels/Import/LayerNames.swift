import NeuralGraph

/// Gives imported nodes names: unique, and where the exporter kept PyTorch's names, those.
struct LayerNames {
  private var taken: Set<String> = [Graph.inputName]
  private var repetitions: [String: Int] = [:]

  /// The name of a layer whose weight comes from that initializer: `layer1.0.conv1` when that is
  /// called `layer1.0.conv1.weight`.
  mutating func layer(_ node: OperatorNode, weight: String) -> String {
    let suffix = ".weight"
    if weight.hasSuffix(suffix), weight.utf8.count > suffix.utf8.count {
      return unique(String(weight.dropLast(suffix.count)))
    }
    return unique(LayerNames.path(node) ?? node.fallbackName)
  }

  /// The name of a node without weights.
  mutating func operation(_ node: OperatorNode) -> String {
    guard let path = LayerNames.path(node) else { return unique(node.fallbackName) }
    let op = node.op.lowercased()
    let isNamedAfterOperator = path.split(separator: ".").last?.lowercased() == op
    return unique(isNamedAfterOperator || path.isEmpty ? path : "\(path).\(op)")
  }

  /// PyTorch's exporter names nodes `/layer1/layer1.0/conv1/Conv`: the module's attribute path in
  /// which containers repeat their parent's part, then the operator. This is the path
  /// `layer1.0.conv1`; nil for names of other kinds.
  static func path(_ node: OperatorNode) -> String? {
    guard node.name.hasPrefix("/") else { return nil }
    var parts: [Substring] = []
    for part in node.name.split(separator: "/").dropLast() {
      if let last = parts.last, part.hasPrefix("\(last).") { parts.removeLast() }
      parts.append(part)
    }
    return parts.isEmpty ? nil : parts.joined(separator: ".")
  }

  private mutating func unique(_ name: String) -> String {
    if taken.insert(name).inserted { return name }
    var number = repetitions[name] ?? 2
    while !taken.insert("\(name)_\(number)").inserted { number += 1 }
    repetitions[name] = number + 1
    return "\(name)_\(number)"
  }
}

extension OperatorNode {
  /// The node's own name, else that of its value, else the operator's.
  fileprivate var fallbackName: String {
    let parts = label.split(separator: "/")
    return parts.isEmpty ? op.lowercased() : parts.joined(separator: ".")
  }
}
