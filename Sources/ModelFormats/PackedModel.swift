import NeuralGraph

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A personalised model in the packed format: the file a user downloads.
///
/// `Documentation/formats/packed-format.md` is the specification, with the rules for versions.
public struct PackedModel: Sendable, Hashable {
  /// The text under `format`.
  public static let format = "crisp-packed"
  /// The text under `axis_order`.
  public static let axisOrder = "rows=out; columns=kh,kw,cin (cin fastest)"

  /// The folded graph, labels and preprocessing.
  public let description: ModelDescription
  /// The pattern the run asked for; a layer may have its own.
  public let pattern: HybridPattern
  /// Packed layers by node name.
  public let layers: [String: PackedLayer]
  /// All other parameters of the graph.
  public let dense: Weights
  /// Where the model comes from.
  public let provenance: Provenance

  /// Throws unless packed and dense weights together are exactly the graph's parameters.
  public init(
    description: ModelDescription, pattern: HybridPattern, layers: [PackedLayer], dense: Weights,
    provenance: Provenance
  ) throws(FormatError) {
    var byName: [String: PackedLayer] = [:]
    for layer in layers {
      guard byName.updateValue(layer, forKey: layer.name) == nil else {
        throw .duplicateKey(layer.name)
      }
    }
    var known = Set<String>()
    var placed = 0
    for node in description.graph.nodes {
      for parameter in node.parameters {
        known.insert(parameter.name)
        if parameter.name == node.weightName, let layer = byName[node.name] {
          try PackedModel.check(layer, fits: node)
          guard dense[parameter.name] == nil else { throw .unexpectedTensor(parameter.name) }
          placed += 1
          continue
        }
        guard let tensor = dense[parameter.name] else { throw .missingTensor(parameter.name) }
        guard tensor.shape == parameter.shape else {
          throw .tensorShape(
            tensor: parameter.name, expected: parameter.shape, found: tensor.shape)
        }
      }
    }
    do {
      try description.graph.validateValues(dense)
    } catch {
      throw .graph(error)
    }
    if let name = dense.keys.sorted().first(where: { !known.contains($0) }) {
      throw .unexpectedTensor(name)
    }
    if placed != byName.count {
      let nodes = Set(description.graph.nodes.map(\.name))
      let stray = byName.keys.sorted().first { !nodes.contains($0) }
      throw .notPackable(layer: stray ?? byName.keys.sorted().first ?? "")
    }
    self.description = description
    self.pattern = pattern
    self.layers = byName
    self.dense = dense
    self.provenance = provenance
  }

  /// Packs a masked network: `weights` are those of the description's (folded) graph, `masks` and
  /// `patterns` belong to the nodes to be packed, masks in matrix order. Everything else stays
  /// dense. Throws `notPackable` for a mask without a layer, and where weights, masks or patterns
  /// do not fit their layers.
  public init(
    description: ModelDescription, pattern: HybridPattern, weights: Weights,
    masks: [String: [Bool]], patterns: [String: HybridPattern] = [:], provenance: Provenance
  ) throws(FormatError) {
    do {
      try description.graph.validate(weights)
    } catch {
      throw .graph(error)
    }
    var dense = weights
    var layers: [PackedLayer] = []
    for name in masks.keys.sorted() {
      guard let node = description.graph.node(named: name), let mask = masks[name] else {
        throw .notPackable(layer: name)
      }
      let matrix = try PackedModel.matrix(node)
      guard let weight = dense.removeValue(forKey: node.weightName),
        let values = matrix.fromOIHW(weight.values)
      else { throw .missingTensor(node.weightName) }
      layers.append(
        try PackedLayer(
          name: name, matrix: matrix, values: values, mask: mask,
          pattern: patterns[name] ?? pattern))
    }
    try self.init(
      description: description, pattern: pattern, layers: layers, dense: dense,
      provenance: provenance)
  }

  /// The matrix of a node that can be packed.
  static func matrix(_ node: Node) throws(FormatError) -> WeightMatrix {
    if case .convolution(let convolution) = node.operation, convolution.groups != 1 {
      throw .notPackable(layer: node.name)
    }
    guard let matrix = WeightMatrix(node.operation) else { throw .notPackable(layer: node.name) }
    return matrix
  }

  private static func check(_ layer: PackedLayer, fits node: Node) throws(FormatError) {
    let matrix = try matrix(node)
    guard layer.matrix == matrix else {
      throw .tensorShape(
        tensor: node.weightName, expected: [matrix.rows, matrix.taps, matrix.inChannels],
        found: [layer.matrix.rows, layer.matrix.taps, layer.matrix.inChannels])
    }
  }

  /// The weights of the folded graph in PyTorch's order (OIHW), with zeros where nothing is kept.
  /// Throws `graph` where a shape overflows.
  public func denseWeights() throws(FormatError) -> Weights {
    var weights = dense
    for node in description.graph.nodes {
      guard let layer = layers[node.name], let weight = node.parameters.first else { continue }
      do {
        weights[weight.name] = try Tensor(
          shape: weight.shape, values: layer.matrix.toOIHW(layer.unpacked()) ?? [])
      } catch {
        throw .graph(error)
      }
    }
    return weights
  }
}

/// Where a packed model comes from.
public struct Provenance: Sendable, Hashable {
  /// JSON of any shape: the run's settings.
  public var recipe: String
  /// JSON of any shape: what was measured.
  public var accuracy: String
  /// The seed of the run.
  public var seed: UInt64
  /// Digest of the dense model that was personalised.
  public var baseModelDigest: String
  /// Digest of the data it was personalised with.
  public var dataDigest: String
  /// Name and version of the program that wrote the file.
  public var generator: String

  /// Provenance as given; the model's writer checks that `recipe` and `accuracy` are JSON.
  public init(
    recipe: String = "{}", accuracy: String = "{}", seed: UInt64 = 0,
    baseModelDigest: String = "", dataDigest: String = "", generator: String = "crisp"
  ) {
    self.recipe = recipe
    self.accuracy = accuracy
    self.seed = seed
    self.baseModelDigest = baseModelDigest
    self.dataDigest = dataDigest
    self.generator = generator
  }
}
