/// What a whole network costs on an accelerator, layer by layer, beside the dense and the 2:4 design.
public struct NetworkEstimate: Sendable {
  /// One layer's costs.
  public struct Layer: Sendable {
    /// What is computed.
    public let layer: LayerProduct
    /// On the estimator's design.
    public let estimate: ProductEstimate
    /// The same layer with all its weights on the dense design.
    public let dense: ProductEstimate
    /// The same layer with 2:4 weights on the 2:4 design; the dense costs where it stays dense.
    public let twoOfFour: ProductEstimate
  }

  /// In the order of computation.
  public let layers: [Layer]

  /// - Parameter estimator: Its energies, machine and conditions hold for the designs beside it too.
  /// - Throws: ``AcceleratorError``.
  public init(_ layers: [LayerProduct], estimator: Estimator) throws(AcceleratorError) {
    func beside(_ accelerator: Accelerator) -> Estimator {
      Estimator(
        accelerator, energies: estimator.energies, machine: estimator.machine,
        conditions: estimator.conditions)
    }
    let dense = beside(.tensorCore)
    let twoOfFour = beside(.sparseTensorCore)
    var costs: [Layer] = []
    for layer in layers {
      let isDense = layer.weights == .dense
      costs.append(
        Layer(
          layer: layer,
          estimate: try estimator.estimate(layer.product, weights: layer.weights),
          dense: try dense.estimate(layer.product, weights: .dense),
          twoOfFour: try twoOfFour.estimate(
            layer.product, weights: isDense ? .dense : .fine(keep: 2, of: 4))))
    }
    self.layers = costs
  }

  /// Cycles and microjoules of all layers.
  public struct Total: Sendable, Equatable, Codable {
    /// Cycles, one layer after the other.
    public let cycles: Double
    /// Energy in microjoules.
    public let microjoules: Double
  }

  /// On the estimator's design.
  public var total: Total { sum(\.estimate) }
  /// The dense network on the dense design.
  public var dense: Total { sum(\.dense) }
  /// The network with 2:4 weights on the 2:4 design.
  public var twoOfFour: Total { sum(\.twoOfFour) }

  /// Share of the cycles in layers that wait for each part, of parts that any layer waits for.
  public var bounds: [ProductEstimate.Bound: Double] {
    let all = total.cycles
    return layers.reduce(into: [:]) { shares, layer in
      shares[layer.estimate.cycles.bound, default: 0] += layer.estimate.cycles.total / all
    }
  }

  /// Share of activations that are not zero where multiplies read them: each layer counts by its multiplies.
  public var activationDensity: Double {
    let multiplies = layers.reduce(0) { $0 + $1.layer.product.multiplies }
    return layers.reduce(0) {
      $0 + $1.layer.product.activationDensity * $1.layer.product.multiplies / multiplies
    }
  }

  private func sum(_ path: (Layer) -> ProductEstimate) -> Total {
    Total(
      cycles: layers.reduce(0) { $0 + path($1).cycles.total },
      microjoules: layers.reduce(0) { $0 + path($1).energy.total })
  }
}
