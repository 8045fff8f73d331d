import Accelerators
import NeuralGraph

/// A network at ImageNet shapes, as products of matrices.
struct Network {
  let architecture: Architecture
  private let graph: Graph
  private let roles: [String: Role]

  /// What the method may do to a layer (Documentation/method.md, "Which layers").
  enum Role {
    /// Stays dense: the first convolution.
    case first
    /// N:M and blocks.
    case hidden
    /// N:M only: the classifier.
    case last
  }

  init(_ architecture: Architecture) throws {
    self.architecture = architecture
    let input = ActivationShape(channels: 3, height: 224, width: 224)
    // Batch norm costs nothing: it is folded into the layers before they run.
    graph = try architecture.graph(input: input, classes: 1000)
    let names = graph.nodes.filter { WeightMatrix($0.operation) != nil }.map(\.name)
    roles = Dictionary(
      uniqueKeysWithValues: names.map { name in
        (name, name == names.first ? .first : name == names.last ? .last : .hidden)
      })
  }

  /// A layer to be estimated.
  struct Layer {
    let product: MatrixProduct
    let weights: WeightSparsity
  }

  /// The layers with a pattern each.
  /// - Parameters:
  ///   - relu: Share of activations after a ReLU that are not zero.
  ///   - channels: Share of every hidden layer's multiply-accumulates that channel pruning leaves; 1
  ///     for all.
  func products(
    batch: Int, relu: Double, channels: Double = 1, pattern: (Role) -> WeightSparsity
  ) throws -> [Layer] {
    let products = try graph.products(batch: batch, densities: densities(relu: relu)) { node in
      pattern(roles[node.name] ?? .hidden)
    }
    guard channels < 1 else {
      return products.map { Layer(product: $0.product, weights: $0.weights) }
    }
    // Both sides of a layer lose channels, so each keeps the square root.
    let side = channels.squareRoot()
    return try products.map { layer in
      let role = roles[layer.name] ?? .hidden
      func kept(_ count: Int, _ isCut: Bool) -> Int {
        isCut ? max(1, Int((Double(count) * side).rounded())) : count
      }
      let product = layer.product
      return Layer(
        product: try MatrixProduct(
          outputs: kept(product.outputs, role != .last),
          depth: kept(product.depth, role != .first), positions: product.positions,
          inputElements: kept(product.inputElements, role != .first),
          activationDensity: product.activationDensity),
        weights: layer.weights)
    }
  }

  /// What a layer reads is as dense as a ReLU leaves it where one stands before it, with pooling or
  /// padding between them or not.
  private func densities(relu: Double) -> [String: Double] {
    let nodes = Dictionary(uniqueKeysWithValues: graph.nodes.map { ($0.name, $0) })
    var densities: [String: Double] = [:]
    for node in graph.nodes where WeightMatrix(node.operation) != nil {
      var source = node.inputs.first.flatMap { nodes[$0] }
      while let current = source {
        switch current.operation {
        case .relu:
          densities[node.name] = relu
          source = nil
        case .maxPool, .pad: source = current.inputs.first.flatMap { nodes[$0] }
        default: source = nil
        }
      }
    }
    return densities
  }
}
