import NeuralGraph

/// Kernel, strides and padding of a convolution or pooling as ONNX states them.
struct WindowAttributes {
  private let node: OperatorNode
  private let strides: [Int]
  /// Rows and columns that the window spans, what a dilation leaves out among them.
  let kernel: [Int]
  /// Pixels from one tap to the next.
  let dilations: [Int]
  private let autoPad: String
  /// Top, left, bottom, right.
  private let pads: [Int]

  /// Reads the attributes; a convolution's weight says how large its kernel is.
  init(_ node: OperatorNode, kernel: [Int]? = nil) throws(ONNXError) {
    self.node = node
    let stated = try node.sides("kernel_shape", count: 2)
    guard let size = kernel ?? stated else { throw node.invalid("it lacks 'kernel_shape'") }
    guard stated == nil || stated == size else {
      throw node.invalid("its 'kernel_shape' is not that of its weight")
    }
    let dilations = try node.sides("dilations", count: 2) ?? [1, 1]
    guard dilations == [1, 1] || kernel != nil else {
      throw node.unsupported("it is a pooling that is dilated by \(dilations)")
    }
    guard (size + dilations).allSatisfy({ (1...Graph.largestSide).contains($0) }) else {
      throw node.unsupported("its kernel or dilations are out of range")
    }
    self.kernel = zip(size, dilations).map { ($0 - 1) * $1 + 1 }
    self.dilations = dilations
    strides = try node.sides("strides", count: 2) ?? [1, 1]
    pads = try node.sides("pads", count: 4) ?? [0, 0, 0, 0]
    autoPad = try node.text("auto_pad") ?? "NOTSET"
    guard (self.kernel + strides).allSatisfy({ (1...Graph.largestSide).contains($0) }),
      pads.allSatisfy({ (0...Graph.largestSide).contains($0) })
    else { throw node.unsupported("its kernel, strides or padding are out of range") }
  }

  /// The padding around an activation of that shape.
  func padding(over shape: ActivationShape) throws(ONNXError) -> Padding {
    switch autoPad {
    case "NOTSET", "":
      return Padding(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3])
    case "VALID": return Padding(0)
    case "SAME_UPPER", "SAME_LOWER":
      // As many outputs as input / stride, rounded up; an odd pixel goes to one side.
      func split(_ side: Int, _ axis: Int) -> (before: Int, after: Int) {
        let outputs = (side - 1) / strides[axis] + 1
        let total = max((outputs - 1) * strides[axis] + kernel[axis] - side, 0)
        let smaller = total / 2
        return autoPad == "SAME_UPPER" ? (smaller, total - smaller) : (total - smaller, smaller)
      }
      let (top, bottom) = split(shape.height, 0)
      let (left, right) = split(shape.width, 1)
      return Padding(top: top, left: left, bottom: bottom, right: right)
    default: throw node.unsupported("its 'auto_pad' is '\(autoPad)'")
    }
  }

  /// The window with that padding.
  func window(_ padding: Padding) -> Window {
    Window(
      kernelHeight: kernel[0], kernelWidth: kernel[1], strideHeight: strides[0],
      strideWidth: strides[1], padding: padding)
  }

  /// Padding at the bottom and right that makes rounding down give the sizes that rounding up
  /// (`ceil_mode`) gives.
  func ceiling(
    _ padding: Padding, over shape: ActivationShape
  ) throws(ONNXError) -> Padding {
    func extra(_ side: Int, _ before: Int, _ after: Int, _ axis: Int) throws(ONNXError) -> Int {
      let span = side + before + after - kernel[axis]
      guard span >= 0 else { throw node.invalid("its window does not fit an input of \(shape)") }
      let steps = (span + strides[axis] - 1) / strides[axis]
      // Whether such a window counts differs between operator sets and programs.
      guard steps * strides[axis] < side + before else {
        throw node.unsupported("its last window (ceil_mode) lies in the padding")
      }
      return steps * strides[axis] - span
    }
    var padding = padding
    padding.bottom += try extra(shape.height, padding.top, padding.bottom, 0)
    padding.right += try extra(shape.width, padding.left, padding.right, 1)
    return padding
  }
}

extension Window {
  /// Whether every window sees something of the input, as convolutions and poolings here must.
  var holdsItsPadding: Bool {
    padding.top < kernelHeight && padding.bottom < kernelHeight && padding.left < kernelWidth
      && padding.right < kernelWidth
  }
}

extension Padding {
  static func + (a: Padding, b: Padding) -> Padding {
    Padding(
      top: a.top + b.top, left: a.left + b.left, bottom: a.bottom + b.bottom,
      right: a.right + b.right)
  }
}

extension ActivationShape {
  /// The shape with that many pixels around.
  func padded(_ padding: Padding) -> ActivationShape {
    ActivationShape(
      channels: channels, height: height + padding.top + padding.bottom,
      width: width + padding.left + padding.right)
  }
}
