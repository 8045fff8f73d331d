import CKernels
import NeuralGraph

/// Steps without weights.
extension Planner {
  mutating func planPool(
    _ pooling: crisp_pooling, _ window: Window, _ node: Node, _ input: Place
  ) throws(RuntimeError) {
    let output = try place(node.name, shape: shape(node))
    let cWindow = crisp_window(
      kernel_height: window.kernelHeight, kernel_width: window.kernelWidth,
      stride_height: window.strideHeight, stride_width: window.strideWidth,
      top: window.padding.top, left: window.padding.left)
    scratch.row = max(
      scratch.row, crisp_pool_scratch(input.grid.plane, output.grid.plane, cWindow))
    append(
      PoolStep(pooling: pooling, window: cWindow, input: input, output: output, kernels: kernels),
      for: node.name)
  }

  mutating func planActivation(_ node: Node, _ input: Place) throws(RuntimeError) {
    guard let activation = crisp_activation(node.operation) else { return }
    let output = try place(node.name, shape: shape(node))
    append(
      ActivationStep(
        activation: activation, input: input, output: output, mask: mask(output.grid),
        kernels: kernels), for: node.name)
  }

  mutating func planProduct(_ node: Node, _ input: Place, by factor: Place) throws(RuntimeError) {
    let output = try place(node.name, shape: shape(node))
    append(
      ProductStep(
        input: input, factor: factor, output: output, mask: mask(output.grid),
        kernels: kernels), for: node.name)
  }

  mutating func planConcatenation(_ node: Node, _ inputs: [Place]) throws(RuntimeError) {
    let output = try place(node.name, shape: shape(node))
    append(ConcatenationStep(inputs: inputs, output: output), for: node.name)
  }

  mutating func planPad(
    _ node: Node, _ padding: Padding, _ input: Place
  ) throws(RuntimeError) {
    let output = try place(node.name, shape: shape(node))
    append(
      PadStep(top: padding.top, left: padding.left, input: input, output: output), for: node.name)
  }
}
