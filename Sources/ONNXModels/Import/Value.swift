import NeuralGraph

/// What an ONNX value is during import.
enum Value {
  /// Computed from the image.
  case activation(Activation)
  /// Known beforehand.
  case constant(Constant)
  /// A shape or a part of one: what exporters compute to flatten an activation. Single numbers and
  /// lists of one are not told apart.
  case extents([Extent])
}

/// One dimension of a shape.
enum Extent: Hashable {
  case known(Int)
  /// The number of images, which is not known.
  case batch
}

/// A value computed from the image, and how ONNX sees it.
struct Activation {
  /// How the ONNX value lays out what the graph's node holds as channels x height x width.
  enum Layout {
    /// [N, channels, height, width].
    case image
    /// [N, channels x height x width].
    case flat
  }

  /// The graph's node (or the input) that holds it.
  var node: String
  var shape: ActivationShape
  var layout: Layout
  /// Zeros around it that the convolution which alone reads it is to take as its own.
  var padding = Padding(0)
  /// The node that asks for that padding.
  var paddingNode: OperatorNode?
  /// Whether anything else may read what the node holds.
  var isShared = false
  /// Whether a softmax was left out; nothing but the output may follow.
  var isNormalized = false

  /// The shape as ONNX programs see it.
  var extents: [Extent] {
    switch layout {
    case .image:
      [.batch, .known(shape.channels), .known(shape.height), .known(shape.width)]
    case .flat: [.batch, .known(shape.count)]
    }
  }

  /// The dimensions' number in ONNX.
  var rank: Int { layout == .image ? 4 : 2 }

  /// Whether each channel is one number.
  var isVector: Bool { shape.height == 1 && shape.width == 1 }
}
