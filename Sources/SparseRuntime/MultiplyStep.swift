import CKernels
import Dispatch

/// A layer's weights times its input: the step that does the work.
final class MultiplyStep: Step {
  /// Threading a layer costs about 12 µs (measured, Dispatch); below this many multiply-adds it
  /// does not pay.
  private static let threadedWork = 2_000_000

  let weights: KernelWeights
  private let kernels: UnsafePointer<crisp_kernels>
  private let input, output: Place
  private let residual: Place?
  private let lower, upper: Float
  private let resultHeight, resultWidth: Int
  private let threads: Int
  private let offsets: KernelMemory<Int32>
  private let values: KernelMemory<Float>
  private let bias: KernelMemory<Float>
  private let mask: KernelMemory<Int32>?

  /// `offsets` are in floats, relative to the first float of the input's buffer plus margin, in the
  /// order of the weights' columns. `mask` may be omitted when the gaps need not stay zero.
  init(
    _ weights: KernelWeights, offsets: [Int32], node: FusedNode, input: Place, output: Place,
    residual: Place?, resultHeight: Int, resultWidth: Int, mask: KernelMemory<Int32>?, threads: Int,
    kernels: UnsafePointer<crisp_kernels>
  ) throws(RuntimeError) {
    self.weights = weights
    self.kernels = kernels
    self.input = input
    self.output = output
    self.residual = residual
    (lower, upper) = (node.lower, node.upper)
    (self.resultHeight, self.resultWidth) = (resultHeight, resultWidth)
    self.threads = threads
    self.offsets = try KernelMemory(offsets)
    values = try KernelMemory(weights.values)
    bias = try KernelMemory(weights.bias)
    self.mask = mask
  }

  /// Instruction set and the widest kernel's rows x vectors.
  var kernelName: String {
    let widest = kernels.pointee.widest
    let vectors = [1: widest.0, 2: widest.1, 4: widest.2][weights.rows] ?? widest.0
    return "\(String(cString: kernels.pointee.name)) \(weights.rows)x\(vectors)"
  }

  func run(bundles: Int, in arena: Arena) {
    var layer = crisp_layer()
    layer.input = UnsafePointer(arena[input.slot] + input.grid.margin)
    layer.offsets = UnsafePointer(offsets.start)
    layer.offset_stride = weights.sharesColumns ? 0 : weights.taps
    layer.values = UnsafePointer(values.start)
    layer.bias = UnsafePointer(bias.start)
    layer.taps = weights.taps
    layer.output = arena[output.slot] + output.grid.margin
    layer.output_stride = output.stride
    layer.residual = residual.map { UnsafePointer(arena[$0.slot] + $0.grid.margin) }
    layer.residual_stride = residual?.stride ?? 0
    layer.mask = mask.map { UnsafePointer($0.start) }
    layer.lower = lower
    layer.upper = upper

    var runs = output.grid.runs(
      bundles: bundles, rows: resultHeight, columns: resultWidth, lanes: kernels.pointee.lanes)
    let items = crisp_items(kernels, &runs, weights.rows)
    let positions = runs.outer * runs.inner * runs.length
    let work = weights.groups * weights.rows * weights.taps * positions
    guard threads > 1, work > MultiplyStep.threadedWork else {
      crisp_multiply(kernels, &layer, &runs, weights.rows, 0, items, 0, weights.groups)
      return
    }
    // Positions are split where there are enough of them to keep the parts even, else row groups.
    // Neither changes the order of any sum, so the result does not depend on the threads.
    let splitsPositions = items >= 4 * threads
    let total = splitsPositions ? items : weights.groups
    let (groups, rows, threads) = (weights.groups, weights.rows, threads)
    // Every part reads the same description and writes positions or rows of its own.
    nonisolated(unsafe) let kernels = kernels
    nonisolated(unsafe) let sharedLayer = layer
    let sharedRuns = runs
    DispatchQueue.concurrentPerform(iterations: threads) { part in
      let begin = part * total / threads
      let count = (part + 1) * total / threads - begin
      var (layer, runs) = (sharedLayer, sharedRuns)
      if splitsPositions {
        crisp_multiply(kernels, &layer, &runs, rows, begin, count, 0, groups)
      } else {
        crisp_multiply(kernels, &layer, &runs, rows, 0, items, begin, count)
      }
    }
  }
}
