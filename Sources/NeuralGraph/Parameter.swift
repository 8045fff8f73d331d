/// One named weight that a graph needs.
public struct Parameter: Hashable, Sendable {
  /// What a weight is for; training treats the kinds differently.
  public enum Role: Hashable, Sendable {
    /// A convolution's or linear layer's matrix: decayed, prunable.
    case weight
    /// An added constant per output channel.
    case bias
    /// Batch norm's scale (gamma).
    case scale
    /// Batch norm's running mean or variance: estimated, not learned.
    case statistic
    /// Fixed by the network's author: neither learned nor estimated.
    case constant

    /// Whether training moves it by its gradient.
    public var isLearned: Bool { self != .statistic && self != .constant }
  }

  /// The node's name and what it is there, `conv1.weight`.
  public var name: String
  /// In PyTorch's axis order.
  public var shape: [Int]
  /// How training treats it.
  public var role: Role

  /// A parameter as given.
  public init(name: String, shape: [Int], role: Role) {
    self.name = name
    self.shape = shape
    self.role = role
  }
}

extension Node {
  /// The name of this node's matrix, `NAME.weight`.
  public var weightName: String { "\(name).weight" }
  /// The name of this node's added constant, `NAME.bias`.
  public var biasName: String { "\(name).bias" }
  /// The name of batch norm's mean.
  public var meanName: String { "\(name).running_mean" }
  /// The name of batch norm's variance.
  public var varianceName: String { "\(name).running_var" }

  /// The weights of this node, in PyTorch's names, shapes and order.
  public var parameters: [Parameter] {
    switch operation {
    case .convolution(let c):
      let weight = Parameter(name: weightName, shape: c.weightShape, role: .weight)
      let bias = Parameter(name: biasName, shape: [c.outChannels], role: .bias)
      return c.bias ? [weight, bias] : [weight]
    case .linear(let inFeatures, let outFeatures, let hasBias):
      let weight = Parameter(name: weightName, shape: [outFeatures, inFeatures], role: .weight)
      let bias = Parameter(name: biasName, shape: [outFeatures], role: .bias)
      return hasBias ? [weight, bias] : [weight]
    case .batchNorm(let channels, _):
      return [
        Parameter(name: weightName, shape: [channels], role: .scale),
        Parameter(name: biasName, shape: [channels], role: .bias),
        Parameter(name: meanName, shape: [channels], role: .statistic),
        Parameter(name: varianceName, shape: [channels], role: .statistic),
      ]
    case .scaleShift(let channels):
      return [
        Parameter(name: weightName, shape: [channels], role: .constant),
        Parameter(name: biasName, shape: [channels], role: .constant),
      ]
    case .relu, .clip, .sigmoid, .hardSigmoid, .hardSwish, .maxPool, .averagePool,
      .globalAveragePool, .add, .multiply, .concatenate, .pad:
      return []
    }
  }
}

extension Graph {
  /// All weights in node order.
  public func parameters() -> [Parameter] { nodes.flatMap(\.parameters) }

  /// Throws unless `weights` holds exactly the graph's parameters with their shapes. Names in
  /// `ignoring` may be present without a place (PyTorch's `num_batches_tracked` counters).
  public func validate(
    _ weights: Weights, ignoringSuffix suffix: String = ".num_batches_tracked"
  ) throws(GraphError) {
    var known = Set<String>()
    for parameter in parameters() {
      known.insert(parameter.name)
      guard let tensor = weights[parameter.name] else { throw .missingWeight(parameter.name) }
      guard tensor.shape == parameter.shape else {
        throw .weightShape(
          name: parameter.name, expected: parameter.shape, found: tensor.shape)
      }
    }
    for name in weights.keys.sorted() where !known.contains(name) && !name.hasSuffix(suffix) {
      throw .unexpectedWeight(name)
    }
  }
}
