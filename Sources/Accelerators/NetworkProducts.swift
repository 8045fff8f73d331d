import NeuralGraph

/// A layer of a network as a product with its weights' pattern.
public struct LayerProduct: Sendable, Equatable {
  /// The node's name.
  public let name: String
  /// Its sides, and how dense its activations are.
  public let product: MatrixProduct
  /// Where its weights may be zero.
  public let weights: WeightSparsity
  /// What the model does not say of this layer, in a sentence; nil where it is a plain product.
  public let remark: String?
}

extension Graph {
  /// Convolutions and linear layers in the order of computation.
  /// - Parameters:
  ///   - batch: Images at once, 1…4096.
  ///   - weights: The pattern of a layer's weights; called for layers without groups.
  ///   - densities: Shares of activations that are not zero, by node name; 1 for those not named.
  /// - Throws: ``AcceleratorError/invalidProduct(_:)`` for a network whose shapes are invalid.
  public func products(
    batch: Int, densities: [String: Double] = [:], weights: (Node) -> WeightSparsity
  ) throws(AcceleratorError) -> [LayerProduct] {
    guard (1...4096).contains(batch) else {
      throw .invalidProduct("the batch must be 1 to 4096, not \(batch)")
    }
    let shapes: [String: ActivationShape]
    do { shapes = try self.shapes() } catch { throw .invalidProduct("\(error)") }
    var products: [LayerProduct] = []
    for node in nodes {
      guard let matrix = WeightMatrix(node.operation), let output = shapes[node.name],
        let read = node.inputs.first.flatMap({ shapes[$0] })
      else { continue }
      let groups: Int = if case .convolution(let layer) = node.operation { layer.groups } else { 1 }
      let positions = output.height * output.width * batch
      let product = try MatrixProduct(
        outputs: matrix.rows, depth: matrix.columns, positions: positions,
        // Each group reads channels of its own.
        inputElements: Int(
          min(
            Double(read.count) * Double(batch),
            Double(matrix.columns) * Double(positions) * Double(groups))),
        activationDensity: min(1, max(densities[node.name] ?? 1, 1e-6)))
      products.append(
        LayerProduct(
          name: node.name, product: product, weights: groups == 1 ? weights(node) : .dense,
          remark: groups == 1
            ? nil : "\(groups) groups, modelled as one dense product of their weights"))
    }
    return products
  }
}
