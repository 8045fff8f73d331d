import CKernels
import NeuralGraph

/// Steps without weights.
extension Planner {
  mutating func planPool(
    _ kind: PoolStep.Kind, _ window: Window, _ node: Node, _ input: Place
  ) throws(RuntimeError) {
    let output = try place(node.name, shape: shape(node))
    let row = Grid(height: 1, width: input.grid.width, rowGap: 0, columnGap: 0, cell: cell)
    let scratch = try scratch(row, channels: 1, keepsGaps: false, for: node.name)
    let cWindow = crisp_window(
      kernel_height: window.kernelHeight, kernel_width: window.kernelWidth,
      stride_height: window.strideHeight, stride_width: window.strideWidth,
      top: window.padding.top, left: window.padding.left)
    append(
      PoolStep(
        kind: kind, window: cWindow, input: input, output: output, scratch: scratch.slot))
    arena.release(scratch.slot)
  }

  mutating func planActivation(_ node: Node, _ input: Place) throws(RuntimeError) {
    guard let activation = crisp_activation(node.operation) else { return }
    let output = try place(node.name, shape: shape(node))
    append(
      ActivationStep(
        activation: activation, input: input, output: output, mask: try mask(output.grid),
        kernels: kernels))
  }

  mutating func planProduct(_ node: Node, _ input: Place, by factor: Place) throws(RuntimeError) {
    let output = try place(node.name, shape: shape(node))
    append(
      ProductStep(
        input: input, factor: factor, output: output, mask: try mask(output.grid),
        kernels: kernels))
  }

  mutating func planConcatenation(_ node: Node, _ inputs: [Place]) throws(RuntimeError) {
    let output = try place(node.name, shape: shape(node))
    append(ConcatenationStep(inputs: inputs, output: output))
  }

  mutating func planPad(
    _ node: Node, _ padding: Padding, _ input: Place
  ) throws(RuntimeError) {
    let output = try place(node.name, shape: shape(node))
    append(PadStep(top: padding.top, left: padding.left, input: input, output: output))
  }
}
