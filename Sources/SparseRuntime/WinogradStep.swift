import CKernels
import ModelFormats
import NeuralGraph

/// A dense convolution with fewer multiplications, see `crisp_winograd.h`: large kernels and those of
/// three or four rows, strided or not, read straight from the input's grid.
final class WinogradStep: Step {
  /// Largest transformed input of one thread in floats: it has to stay in the second-level cache.
  private static let largestPanel = 1 << 18
  /// Fewest places in a result: below, the larger weights take longer to fetch than to multiply.
  private static let fewestPlaces = 192

  private let layer: crisp_winograd_layer
  private let input, output: Place
  private let residual: Place?
  private let lower, upper: Float
  private let weights, bias: KernelMemory<Float>
  private let offsets: KernelMemory<Int32>
  private let kernels: UnsafePointer<crisp_kernels>

  /// Instruction set, rows of the result that are computed together, and taps of the transform.
  var kernelName: String {
    "\(String(cString: kernels.pointee.name)) winograd \(CRISP_STRIP)x\(layer.taps)"
  }

  /// Bytes that the step takes beside the activations.
  var memoryBytes: Int { weights.bytes + bias.bytes + offsets.bytes }

  /// What the step needs of a thread's scratch.
  var scratchSizes: crisp_scratch_sizes {
    var layer = layer
    return crisp_winograd_scratch(&layer)
  }

  /// Whether there is a transform: taps from 3 to 4 in the largest of the kernels of stride 1.
  static func handles(_ convolution: Convolution) -> Bool {
    let window = convolution.window
    return convolution.groups == 1
      && (3...4).contains((window.kernelHeight + window.strideHeight - 1) / window.strideHeight)
  }

  /// The description of a layer for which this way takes less time, else nil. The shape alone
  /// decides, so that a model gives the same bits everywhere.
  static func layer(
    _ convolution: Convolution, input: Place, output: Place
  ) -> crisp_winograd_layer? {
    let window = convolution.window
    guard handles(convolution) else { return nil }
    var layer = crisp_winograd_layer()
    layer.window = crisp_window(
      kernel_height: window.kernelHeight, kernel_width: window.kernelWidth,
      stride_height: window.strideHeight, stride_width: window.strideWidth,
      top: window.padding.top, left: window.padding.left)
    layer.input = input.grid.plane
    layer.result = output.grid.plane
    layer.channels = input.channels
    layer.outputs = output.channels
    crisp_winograd_describe(&layer)
    guard layer.points > 0, pays(layer) else { return nil }
    return layer
  }

  /// Whether a packed layer has so few zeros that the transform is quicker with all of them. The
  /// pattern alone decides, as above. Kept weights run at about 65, 95 and 105 GFLOP/s for 1, 2 and
  /// 4 rows of a group where the transform does what directly would be 170 (measured, AVX-512).
  static func pays(_ layer: PackedLayer) -> Bool {
    let share = Double(layer.keptWeights) / Double(layer.matrix.count)
    return share > (layer.pattern.rows == 1 ? 0.4 : layer.pattern.rows == 2 ? 0.55 : 0.6)
  }

  /// Whether at least a quarter of the multiplications is saved, those of the transforms counted.
  private static func pays(_ layer: crisp_winograd_layer) -> Bool {
    let (result, strip) = (layer.result, CRISP_STRIP)
    var description = layer
    guard result.height * result.width * result.cell >= fewestPlaces,
      crisp_winograd_scratch(&description).panel <= largestPanel
    else { return false }
    // For every column of pixels. All numbers are small: the panel is.
    let taps = layer.window.kernel_height * layer.window.kernel_width
    let direct = result.height * taps * layer.channels * layer.outputs
    let strips = (result.height + strip - 1) / strip
    let transformed =
      strips * layer.points
      * (layer.columns * layer.outputs + strip * layer.outputs + layer.points * layer.planes)
    return 4 * transformed <= 3 * direct
  }

  /// `weights` are in the order output, input channel, kernel row, kernel column.
  init(
    _ layer: crisp_winograd_layer, weights: [Float], bias: [Float]?, node: FusedNode,
    input: Place, output: Place, residual: Place?, kernels: UnsafePointer<crisp_kernels>
  ) throws(RuntimeError) {
    self.input = input
    self.output = output
    self.residual = residual
    (lower, upper) = (node.lower, node.upper)
    self.kernels = kernels
    let paddedOutputs = (layer.outputs + 3) / 4 * 4
    self.weights = try KernelMemory(zeros: layer.points * paddedOutputs * layer.columns)
    self.bias = try KernelMemory(bias ?? [Float](repeating: 0, count: layer.outputs))
    offsets = try KernelMemory(zeros: layer.columns)
    var layer = layer
    crisp_winograd_weights(&layer, weights, self.weights.start)
    crisp_winograd_offsets(&layer, offsets.start)
    layer.weights = UnsafePointer(self.weights.start)
    layer.bias = UnsafePointer(self.bias.start)
    layer.offsets = UnsafePointer(offsets.start)
    self.layer = layer
  }

  func run(_ pass: Pass, part: Int) {
    var operands = crisp_winograd_operands()
    operands.input = UnsafePointer(input.image(0, 0, pass.arena))
    operands.input_stride = input.stride
    operands.input_image = input.grid.imagePitch
    operands.output = output.image(0, 0, pass.arena)
    operands.output_stride = output.stride
    operands.output_image = output.grid.imagePitch
    operands.residual = residual.map { UnsafePointer($0.image(0, 0, pass.arena)) }
    operands.residual_stride = residual?.stride ?? 0
    operands.lower = lower
    operands.upper = upper
    operands.images = pass.bundles
    var (layer, scratch) = (layer, pass.scratch[part].pointers)
    crisp_winograd(kernels, &layer, &operands, part, pass.parts, &scratch)
  }
}
