import ModelFormats
import NeuralGraph

/// What the method does with a layer that has a matrix, and why.
public enum LayerTreatment: String, Sendable, Hashable, Codable {
  /// N:M inside tiles, tiles dropped.
  case hybrid
  /// N:M only: the sliced classifier.
  case fineOnly = "fine_only"
  /// Tiles dropped, those that stay are full.
  case blocks
  /// Single weights anywhere.
  case unstructured
  /// Whole channels removed.
  case channels
  /// Dense: it could have been pruned, and the recipe asked for nothing.
  case denseUncut = "dense_uncut"
  /// Dense: it reads the image, whose one to three channels make no groups.
  case denseFirst = "dense_first"
  /// Dense: every channel is filtered on its own, so there is nothing to group.
  case denseDepthwise = "dense_depthwise"
  /// Dense: grouped convolutions have no matrix over all input channels.
  case denseGrouped = "dense_grouped"

  /// Whether the layer takes part in pruning.
  public var isPrunable: Bool {
    switch self {
    case .hybrid, .fineOnly, .blocks, .unstructured, .channels, .denseUncut: true
    case .denseFirst, .denseDepthwise, .denseGrouped: false
    }
  }

  /// Whether it means anything how many tiles a layer has.
  var hasTiles: Bool { self != .unstructured && self != .channels }

  /// What a recipe makes of it: baselines prune otherwise than the method does.
  func under(_ recipe: PruningRecipe) -> LayerTreatment {
    guard isPrunable else { return self }
    guard recipe.target.prunes else { return .denseUncut }
    switch recipe.method {
    case .hybrid: return self
    case .fineOnly: return .fineOnly
    case .blocks: return .blocks
    case .unstructured: return .unstructured
    case .channels: return .channels
    case .dense: return .denseUncut
    }
  }

  /// Why the layer is not pruned, for people; nil when it is.
  public var reasonToStayDense: String? {
    switch self {
    case .hybrid, .fineOnly, .blocks, .unstructured, .channels: nil
    case .denseUncut: "nothing was to be cut"
    case .denseFirst: "it reads the image, which has too few channels to group"
    case .denseDepthwise: "depthwise, every channel is filtered on its own"
    case .denseGrouped: "grouped, no row spans all input channels"
    }
  }
}

/// A convolution or linear layer as the method sees it.
public struct PrunableLayer: Sendable, Hashable {
  /// The node's name.
  public let name: String
  /// Its weight's name.
  public let weightName: String
  /// Its weight as a matrix.
  public let matrix: WeightMatrix
  /// What happens to it.
  public let treatment: LayerTreatment

  package init(
    name: String, weightName: String, matrix: WeightMatrix, treatment: LayerTreatment
  ) {
    self.name = name
    self.weightName = weightName
    self.matrix = matrix
    self.treatment = treatment
  }

  /// All layers of a graph that have a matrix, in node order (Documentation/method.md, "Which
  /// layers").
  public static func layers(of graph: Graph) -> [PrunableLayer] {
    let classifier = graph.classifier?.layer.name
    return graph.nodes.compactMap { node in
      guard let matrix = WeightMatrix(node.operation) else { return nil }
      let treatment: LayerTreatment
      switch node.operation {
      case .convolution(let c) where c.isDepthwise: treatment = .denseDepthwise
      case .convolution(let c) where c.groups > 1: treatment = .denseGrouped
      case .convolution(let c) where c.inChannels == 1 || c.inChannels == 3:
        treatment = .denseFirst
      case .linear where node.name == classifier, .convolution where node.name == classifier:
        treatment = .fineOnly
      default: treatment = .hybrid
      }
      return PrunableLayer(
        name: node.name, weightName: node.weightName, matrix: matrix, treatment: treatment)
    }
  }
}
