import NeuralGraph

/// One operation of the runtime: a layer together with the addition and the clamp behind it.
struct FusedNode {
  /// The layer's node; its weights are under this node's name.
  var node: Node
  /// The values that the layer reads.
  var inputs: [String]
  /// The value that is added before clamping.
  var residual: String?
  /// The value that is produced.
  var output: String
  /// Bounds of the result.
  var lower = -Float.infinity
  var upper = Float.infinity

  /// All values that are read.
  var reads: [String] { inputs + [residual].compactMap { $0 } }
}

/// Merges additions and clamps into the layers that produce their input, so that an
/// activation is written once. Both happen in the kernel's store.
struct Fusion {
  private(set) var nodes: [FusedNode] = []
  private var readers: [String: Int] = [:]
  private var producers: [String: Int] = [:]
  private var names: [String: String] = [:]

  /// `canAdd` says whether a layer's kernel writes its output in place, which adding needs.
  init(_ graph: Graph, canAdd: (Node) -> Bool) {
    readers[graph.output] = 1
    for node in graph.nodes { for input in node.inputs { readers[input, default: 0] += 1 } }
    for node in graph.nodes {
      let inputs = node.inputs.map { names[$0] ?? $0 }
      switch node.operation {
      case .relu(let limit): clamp(node, inputs, lower: 0, upper: limit ?? .infinity)
      case .clip(let lower, let upper): clamp(node, inputs, lower: lower, upper: upper)
      case .add:
        // The later of the two producers can add the earlier one's value.
        let candidates = [(0, 1), (1, 0)].compactMap { from, other in
          soleProducer(node.inputs[from], inputs[from]).map { ($0, other) }
        }
        let later = candidates.max { $0.0 < $1.0 }
        if let (index, other) = later, nodes[index].canAccumulate, canAdd(nodes[index].node),
          (producers[inputs[other]] ?? -1) < index
        {
          nodes[index].residual = inputs[other]
          rename(node.name, index)
        } else {
          append(
            FusedNode(
              node: node, inputs: [inputs[0]], residual: inputs[1], output: node.name))
        }
      default:
        append(FusedNode(node: node, inputs: inputs, output: node.name))
      }
    }
  }

  /// The name under which the fused nodes know a value of the graph.
  func name(of value: String) -> String { names[value] ?? value }

  private mutating func clamp(_ node: Node, _ inputs: [String], lower: Float, upper: Float) {
    if let index = soleProducer(node.inputs[0], inputs[0]), nodes[index].canClamp {
      nodes[index].clamp(lower, upper)
      rename(node.name, index)
    } else {
      var fused = FusedNode(node: node, inputs: inputs, output: node.name)
      fused.clamp(lower, upper)
      append(fused)
    }
  }

  private func soleProducer(_ original: String, _ value: String) -> Int? {
    readers[original] == 1 ? producers[value] : nil
  }

  private mutating func append(_ fused: FusedNode) {
    producers[fused.output] = nodes.count
    nodes.append(fused)
  }

  private mutating func rename(_ value: String, _ index: Int) {
    names[value] = nodes[index].output
  }
}

extension FusedNode {
  fileprivate var isMultiplication: Bool {
    switch node.operation {
    case .convolution, .linear, .batchNorm, .relu, .clip, .scaleShift, .add: true
    case .maxPool, .averagePool, .globalAveragePool, .sigmoid, .hardSigmoid, .hardSwish,
      .multiply, .concatenate, .pad:
      false
    }
  }

  /// Nothing has been merged in that must come after the clamp.
  fileprivate var canClamp: Bool { isMultiplication }

  fileprivate var canAccumulate: Bool {
    isMultiplication && residual == nil && lower == -.infinity && upper == .infinity
  }

  /// A clamp after a clamp: the second one's effect on the first one's bounds.
  fileprivate mutating func clamp(_ least: Float, _ most: Float) {
    lower = min(max(lower, least), most)
    upper = min(max(upper, least), most)
  }
}
