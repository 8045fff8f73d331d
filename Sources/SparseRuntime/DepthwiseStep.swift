import CKernels

/// A convolution of every channel with a kernel of its own.
final class DepthwiseStep: Step {
  private let input, output: Place
  private let residual: Place?
  private let lower, upper: Float
  private let kernelHeight, kernelWidth: Int
  private let offsets: KernelMemory<Int32>
  private let weights, bias: KernelMemory<Float>
  private let mask: Mask?
  /// Whether kernel rows lie one grid row apart, so that rows can be computed together.
  private let sharesRows: Bool
  /// Where the first window begins in an image that is read as it is.
  private let windowStart: Int?
  private let kernels: UnsafePointer<crisp_kernels>

  /// Instruction set and kernel.
  var kernelName: String {
    "\(String(cString: kernels.pointee.name)) depthwise \(kernelHeight)x\(kernelWidth)"
  }

  var memoryBytes: Int { weights.bytes + bias.bytes }

  /// Whether there is a kernel for that window.
  static func handles(_ geometry: ConvolutionGeometry, cell: Int) -> Bool {
    let window = geometry.window
    return window.kernelHeight == window.kernelWidth && [3, 5].contains(window.kernelHeight)
      && (geometry.writesInPlace || readsImage(geometry, cell: cell))
  }

  /// Whether a strided convolution reads the image as it is.
  static func readsImage(_ geometry: ConvolutionGeometry, cell: Int) -> Bool {
    let window = geometry.window
    return cell == 1 && window.strideHeight == 2 && window.strideWidth == 2
      && window.kernelHeight == window.kernelWidth && [3, 5].contains(window.kernelHeight)
  }

  /// `offsets` are those of the taps in the first channel; `weights` are [channel][tap].
  init(
    _ geometry: ConvolutionGeometry, offsets: [Int32], weights: [Float], bias: [Float]?,
    node: FusedNode, input: Place, output: Place, residual: Place?, mask: Mask?,
    kernels: UnsafePointer<crisp_kernels>
  ) throws(RuntimeError) {
    self.input = input
    self.output = output
    self.residual = residual
    (lower, upper) = (node.lower, node.upper)
    (kernelHeight, kernelWidth) = (geometry.window.kernelHeight, geometry.window.kernelWidth)
    self.offsets = try KernelMemory(offsets)
    self.weights = try KernelMemory(weights)
    self.bias = try KernelMemory(bias ?? [Float](repeating: 0, count: output.channels))
    self.mask = mask
    sharesRows = geometry.readsInPlace
    let padding = geometry.window.padding
    windowStart =
      DepthwiseStep.readsImage(geometry, cell: input.grid.cell)
      ? -padding.top * input.grid.pitch - padding.left : nil
    self.kernels = kernels
  }

  func run(_ pass: Pass, part: Int) {
    let grid = output.grid
    let taps = kernelHeight * kernelWidth
    var task = crisp_depthwise()
    task.offsets = UnsafePointer(offsets.start)
    task.height = kernelHeight
    task.width = kernelWidth
    task.lower = lower
    task.upper = upper
    task.row_stride = grid.pitch
    task.length = grid.width * grid.cell
    for channel in pass.share(of: output.channels, part) {
      task.values = UnsafePointer(weights.start + channel * taps)
      task.bias = bias.start[channel]
      // Images and rows in this order: a last vector may reach into the next row or image.
      for bundle in 0..<pass.bundles {
        let from = input.image(bundle, channel, pass.arena)
        let to = output.image(bundle, channel, pass.arena)
        let added = residual?.image(bundle, channel, pass.arena)
        if let windowStart {
          task.input = UnsafePointer(from + windowStart)
          task.input_stride = input.grid.pitch
          task.output = to
          task.residual = added.map { UnsafePointer($0) }
          task.mask = mask?.start.map { $0 + bundle * grid.imagePitch }
          task.rows = grid.height
          kernels.pointee.depthwise_strided(&task)
          continue
        }
        // Rows that lie in phases of their own are computed one by one.
        task.rows = sharesRows ? grid.height : 1
        for row in stride(from: 0, to: grid.height, by: task.rows) {
          let start = row * grid.pitch
          task.input = UnsafePointer(from + start)
          task.output = to + start
          task.residual = added.map { UnsafePointer($0 + start) }
          task.mask = mask?.start.map { $0 + bundle * grid.imagePitch + start }
          kernels.pointee.depthwise(&task)
        }
      }
    }
  }
}
