/// What one node of a graph computes.
public enum Operation: Hashable, Sendable {
  /// Cross-correlation of `weight` (OIHW) with the input, plus `bias` where there is one.
  case convolution(Convolution)
  /// Per-channel normalisation with `weight`, `bias`, `running_mean`, `running_var`.
  case batchNorm(channels: Int, epsilon: Float)
  /// max(x, 0), cut at `limit` when there is one (6 for ReLU6).
  case relu(limit: Float?)
  /// min(max(x, lower), upper).
  case clip(lower: Float, upper: Float)
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// min(max(slope · x + offset, 0), 1); ONNX's HardSigmoid has slope 0.2, PyTorch's 1/6.
  case hardSigmoid(slope: Float, offset: Float)
  /// x · min(max(x / 6 + 1/2, 0), 1) (Howard et al. 2019, section 5.2).
  case hardSwish
  /// A constant factor and a constant summand per channel, `weight` and `bias`, that are not
  /// learned: what imported networks multiply by or add.
  case scaleShift(channels: Int)
  /// Largest value of the window; padding does not compete.
  case maxPool(Window)
  /// Mean over the window. Padding counts as zeros (`count_include_pad=True` in PyTorch terms) or
  /// not at all.
  case averagePool(Window, countsPadding: Bool = false)
  /// Mean over all positions of a channel.
  case globalAveragePool
  /// Sum of two activations of one shape.
  case add
  /// Product of two activations; the second has the first one's shape or one value per channel
  /// (squeeze-and-excitation's gates).
  case multiply
  /// Activations of one height and width, channel after channel.
  case concatenate(inputs: Int)
  /// Zeros around an activation, where no convolution could take them as its own padding.
  case pad(Padding)
  /// Matrix product on the flattened (channels, height, width) activation.
  case linear(inFeatures: Int, outFeatures: Int, bias: Bool)

  /// How many values the operation reads.
  public var inputCount: Int {
    switch self {
    case .add, .multiply: 2
    case .concatenate(let inputs): inputs
    default: 1
    }
  }
}

/// Kernel, stride and zero padding of a convolution or pooling, in pixels.
public struct Window: Hashable, Sendable {
  /// Rows and columns of the kernel; at least 1.
  public var kernelHeight, kernelWidth: Int
  /// Rows and columns from one output to the next; at least 1.
  public var strideHeight, strideWidth: Int
  /// Zeros around the input.
  public var padding: Padding

  /// Any window; `Graph.shapes()` checks that it fits.
  public init(
    kernelHeight: Int, kernelWidth: Int, strideHeight: Int = 1, strideWidth: Int = 1,
    padding: Padding = Padding(0)
  ) {
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.strideHeight = strideHeight
    self.strideWidth = strideWidth
    self.padding = padding
  }

  /// A square window with the same stride and padding on both axes.
  public init(kernel: Int, stride: Int = 1, padding: Int = 0) {
    self.init(
      kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride,
      padding: Padding(padding))
  }

  /// Height and width after the window has moved over `shape`, rounding down, or nil when the
  /// window does not fit or an attribute is out of range.
  public func outputSize(of shape: ActivationShape) -> (height: Int, width: Int)? {
    func length(_ input: Int, _ before: Int, _ after: Int, _ kernel: Int, _ stride: Int) -> Int? {
      let sides = [input, before, after, kernel, stride]
      guard sides.allSatisfy({ (0...Graph.largestSide).contains($0) }), kernel > 0, stride > 0,
        before < kernel, after < kernel
      else { return nil }
      let span = input + before + after - kernel
      return span < 0 ? nil : span / stride + 1
    }
    guard
      let height = length(
        shape.height, padding.top, padding.bottom, kernelHeight, strideHeight),
      let width = length(shape.width, padding.left, padding.right, kernelWidth, strideWidth)
    else { return nil }
    return (height, width)
  }
}

/// Zero padding in pixels on each side.
public struct Padding: Hashable, Sendable {
  /// Rows or columns of zeros; not negative.
  public var top, left, bottom, right: Int

  /// The same padding on all sides.
  public init(_ all: Int) { self.init(top: all, left: all, bottom: all, right: all) }

  /// Padding per side; frameworks that pad "same" at stride 2 need the asymmetric form.
  public init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }
}

/// A two-dimensional convolution. `groups == inChannels == outChannels` is depthwise.
public struct Convolution: Hashable, Sendable {
  /// Channels read and made; at least 1.
  public var inChannels, outChannels: Int
  /// What one output sees.
  public var window: Window
  /// Divides both channel counts; 1 is an ordinary convolution.
  public var groups: Int
  /// Whether a constant is added per output channel.
  public var bias: Bool

  /// Any convolution; `Graph.shapes()` checks that it fits.
  public init(inChannels: Int, outChannels: Int, window: Window, groups: Int = 1, bias: Bool) {
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.window = window
    self.groups = groups
    self.bias = bias
  }

  /// OIHW: output channels, input channels of one group, kernel height, kernel width.
  public var weightShape: [Int] {
    [outChannels, groups > 0 ? inChannels / groups : 0, window.kernelHeight, window.kernelWidth]
  }

  /// Whether every channel is filtered on its own.
  public var isDepthwise: Bool { groups == inChannels && groups > 1 }
}
