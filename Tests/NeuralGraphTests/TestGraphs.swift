import NeuralGraph

/// Graphs that several suites read.
enum TestGraphs {
  /// A valid graph with each operation once or more, asymmetric padding, groups and a depthwise
  /// convolution.
  static let everyOperation = Graph(
    input: ActivationShape(channels: 4, height: 12, width: 10),
    nodes: [
      Node(
        name: "conv",
        operation: .convolution(
          Convolution(
            inChannels: 4, outChannels: 6,
            window: Window(
              kernelHeight: 3, kernelWidth: 2, strideHeight: 2, strideWidth: 1,
              padding: Padding(top: 0, left: 1, bottom: 1, right: 0)),
            groups: 2, bias: true)), inputs: ["input"]),
      Node(name: "bn", operation: .batchNorm(channels: 6, epsilon: 0x1p-10), inputs: ["conv"]),
      Node(name: "relu6", operation: .relu(limit: 6), inputs: ["bn"]),
      Node(name: "relu", operation: .relu(limit: nil), inputs: ["relu6"]),
      Node(
        name: "depthwise",
        operation: .convolution(
          Convolution(
            inChannels: 6, outChannels: 6, window: Window(kernel: 3, padding: 1), groups: 6,
            bias: false)), inputs: ["relu"]),
      Node(name: "sum", operation: .add, inputs: ["depthwise", "relu6"]),
      Node(name: "pool", operation: .maxPool(Window(kernel: 2, stride: 2)), inputs: ["sum"]),
      Node(
        name: "mean", operation: .averagePool(Window(kernel: 3, stride: 2, padding: 1)),
        inputs: ["pool"]),
      Node(
        name: "hidden", operation: .linear(inFeatures: 36, outFeatures: 5, bias: true),
        inputs: ["mean"]),
      Node(name: "global", operation: .globalAveragePool, inputs: ["hidden"]),
      Node(
        name: "fc", operation: .linear(inFeatures: 5, outFeatures: 3, bias: false),
        inputs: ["global"]),
    ], output: "fc")

  /// The shape of each value of `everyOperation`, by hand.
  static let everyOperationShapes = [
    "input": "4x12x10", "conv": "6x6x10", "bn": "6x6x10", "relu6": "6x6x10", "relu": "6x6x10",
    "depthwise": "6x6x10", "sum": "6x6x10", "pool": "6x3x5", "mean": "6x2x3", "hidden": "5x1x1",
    "global": "5x1x1", "fc": "3x1x1",
  ]
}
