/// The layer of a network that has one output for each class.
public struct Classifier: Hashable, Sendable {
  /// A linear layer, or a convolution before or after the last pooling (Lin et al. 2014, section 3.2;
  /// SqueezeNet, timm's ResNetV2).
  public let layer: Node
  /// What follows it and does the same with each class on its own: rectifiers, means over height and
  /// width, constants. In the order of computation.
  public let followers: [Node]
}

extension Graph {
  /// The classifier; nil where classes are mixed after the last layer with a matrix, or scores made
  /// of several layers.
  public var classifier: Classifier? {
    // Else its scores are not its channels.
    guard let scores = (try? shapes())?[output], scores.height == 1, scores.width == 1 else {
      return nil
    }
    var followers: [Node] = []
    var name = output
    while let node = node(named: name) {
      // Whatever else reads it would lose classes.
      let readers = nodes.reduce(name == output ? 1 : 0) { count, reader in
        count + reader.inputs.filter { $0 == name }.count
      }
      guard readers == 1 else { return nil }
      switch node.operation {
      case .linear: return Classifier(layer: node, followers: followers)
      case .convolution(let convolution):
        return convolution.groups == 1 ? Classifier(layer: node, followers: followers) : nil
      case .batchNorm, .relu, .clip, .sigmoid, .hardSigmoid, .hardSwish, .scaleShift, .maxPool,
        .averagePool, .globalAveragePool, .pad:
        followers.insert(node, at: 0)
        name = node.inputs.first ?? ""
      case .add, .multiply, .concatenate: return nil
      }
    }
    return nil
  }
}
