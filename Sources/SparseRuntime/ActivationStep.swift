import CKernels
import NeuralGraph

/// A function of each value on its own that is no clamp.
struct ActivationStep: Step {
  let activation: crisp_activation
  let input, output: Place
  /// Keeps the gaps zero where vectors run over them: a sigmoid of zero is one half.
  let mask: Mask?
  let kernels: UnsafePointer<crisp_kernels>

  func run(_ pass: Pass, part: Int) {
    let grid = output.grid
    var activation = activation
    var runs = grid.runs(
      bundles: pass.bundles, rows: grid.height, columns: grid.width, lanes: kernels.pointee.lanes)
    for channel in pass.share(of: output.channels, part) {
      crisp_activate(
        kernels, &activation, input.image(0, channel, pass.arena), mask?.start,
        output.image(0, channel, pass.arena), &runs)
    }
  }
}

extension crisp_activation {
  /// The operation in the kernels' terms; nil for any other.
  init?(_ operation: Operation) {
    switch operation {
    case .sigmoid: self.init(kind: CRISP_SIGMOID, slope: 0, offset: 0)
    case .hardSigmoid(let slope, let offset):
      self.init(kind: CRISP_HARD_SIGMOID, slope: slope, offset: offset)
    case .hardSwish: self.init(kind: CRISP_HARD_SWISH, slope: 0, offset: 0)
    default: return nil
    }
  }
}
