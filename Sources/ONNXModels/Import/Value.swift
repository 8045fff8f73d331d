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

  /// Nil for the batch.
  var size: Int? { if case .known(let size) = self { size } else { nil } }
}

/// A value computed from the image, and how ONNX sees it.
struct Activation {
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
  /// Whether a softmax was left out; only what changes no number may follow.
  var isNormalized = false
  /// Whether the layout repeats one number per channel over an image's height and width; only a
  /// product may read it.
  var isExpanded = false

  /// Whether each channel is one number.
  var isVector: Bool { shape.height == 1 && shape.width == 1 }

  var isImage: Bool { layout == .image(shape) }
}
