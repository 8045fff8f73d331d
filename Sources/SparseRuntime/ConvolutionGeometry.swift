import NeuralGraph

/// Where a convolution's taps lie relative to its output, and on which grid it is computed.
///
/// A strided convolution reads a space-to-depth copy of its input: one sub-plane for each phase
/// (row modulo stride, column modulo stride), so that neighbouring outputs read neighbouring cells.
struct ConvolutionGeometry {
  /// A sub-plane of a strided input.
  struct Phase: Hashable {
    let row, column: Int
  }

  /// One tap of the kernel: its sub-plane's index and its displacement there in cells.
  struct Tap {
    let phase: Int
    let dy, dx: Int
  }

  let window: Window
  /// The result's height and width.
  let outputHeight, outputWidth: Int
  /// Taps in the order (kernel row, kernel column).
  let taps: [Tap]
  /// The sub-planes that any tap reads.
  let phases: [Phase]
  /// Whether the input can be read where it is.
  let readsInPlace: Bool
  /// Sides of the grid on which the result is computed.
  let gridHeight, gridWidth: Int
  /// Gaps that the grid needs for the taps' reach.
  let rowGap, columnGap: Int

  /// Whether the grid has the result's sides, so that results can be stored where they belong.
  var writesInPlace: Bool { gridHeight == outputHeight && gridWidth == outputWidth }

  /// Gaps that an image needs for windows that are read from it as it is, whatever their stride.
  func gaps(around input: ActivationShape) -> (row: Int, column: Int) {
    let below = (outputHeight - 1) * window.strideHeight + window.kernelHeight
    let right = (outputWidth - 1) * window.strideWidth + window.kernelWidth
    return (
      max(window.padding.top, below - window.padding.top - input.height),
      max(window.padding.left, right - window.padding.left - input.width)
    )
  }

  /// Fails when the window does not fit the input or has too many taps to list.
  init?(_ window: Window, input: ActivationShape) {
    guard let output = window.outputSize(of: input),
      let count = Tensor.count(of: [window.kernelHeight, window.kernelWidth]), count <= 1 << 24
    else { return nil }
    self.window = window
    (outputHeight, outputWidth) = output
    let rows = Axis(
      kernel: window.kernelHeight, stride: window.strideHeight, padding: window.padding.top,
      input: input.height, output: output.height)
    let columns = Axis(
      kernel: window.kernelWidth, stride: window.strideWidth, padding: window.padding.left,
      input: input.width, output: output.width)
    readsInPlace = rows.readsInPlace && columns.readsInPlace
    (gridHeight, rowGap) = (rows.grid, rows.gap)
    (gridWidth, columnGap) = (columns.grid, columns.gap)

    var phases: [Phase] = []
    var indices: [Phase: Int] = [:]
    var taps: [Tap] = []
    for row in rows.taps {
      for column in columns.taps {
        let phase = Phase(row: row.phase, column: column.phase)
        let index = indices[phase] ?? phases.count
        if index == phases.count {
          phases.append(phase)
          indices[phase] = index
        }
        taps.append(Tap(phase: index, dy: row.displacement, dx: column.displacement))
      }
    }
    self.phases = phases
    self.taps = taps
  }

  /// One dimension of the above.
  private struct Axis {
    let taps: [(phase: Int, displacement: Int)]
    let readsInPlace: Bool
    let grid, gap: Int

    init(kernel: Int, stride: Int, padding: Int, input: Int, output: Int) {
      taps = (0..<kernel).map { tap in
        let distance = tap - padding
        let phase = (distance % stride + stride) % stride
        return (phase, (distance - phase) / stride)
      }
      let reach = taps.map(\.displacement)
      let (first, last) = (reach.min() ?? 0, reach.max() ?? 0)
      readsInPlace = stride == 1 && input == output
      let cells = (input + stride - 1) / stride
      grid = max(output, min(cells, output + max(0, last)))
      gap = max(0, -first, output + last - grid)
    }
  }
}
