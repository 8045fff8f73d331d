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

  /// A valid graph with the operations that imported networks add.
  static let importedOperations = Graph(
    input: ActivationShape(channels: 3, height: 7, width: 6),
    nodes: [
      Node(
        name: "pad", operation: .pad(Padding(top: 0, left: 1, bottom: 1, right: 2)),
        inputs: ["input"]),
      Node(
        name: "conv",
        operation: .convolution(
          Convolution(inChannels: 3, outChannels: 5, window: Window(kernel: 3), bias: false)),
        inputs: ["pad"]),
      Node(name: "scale", operation: .scaleShift(channels: 5), inputs: ["conv"]),
      Node(name: "clip", operation: .clip(lower: -0.5, upper: 1.25), inputs: ["scale"]),
      Node(name: "hard_swish", operation: .hardSwish, inputs: ["clip"]),
      Node(name: "squeeze", operation: .globalAveragePool, inputs: ["hard_swish"]),
      Node(
        name: "hard_sigmoid", operation: .hardSigmoid(slope: 0.25, offset: 0.5),
        inputs: ["squeeze"]),
      Node(name: "gated", operation: .multiply, inputs: ["hard_swish", "hard_sigmoid"]),
      Node(name: "sigmoid", operation: .sigmoid, inputs: ["gated"]),
      Node(name: "swish", operation: .multiply, inputs: ["gated", "sigmoid"]),
      Node(
        name: "mean",
        operation: .averagePool(Window(kernel: 3, padding: 1), countsPadding: true),
        inputs: ["swish"]),
      Node(
        name: "joined", operation: .concatenate(inputs: 3), inputs: ["mean", "conv", "mean"]),
      Node(name: "alone", operation: .concatenate(inputs: 1), inputs: ["joined"]),
      Node(
        name: "fc", operation: .linear(inFeatures: 630, outFeatures: 2, bias: true),
        inputs: ["alone"]),
    ], output: "fc")

  /// The shape of each value of `importedOperations`, by hand.
  static let importedOperationsShapes = [
    "input": "3x7x6", "pad": "3x8x9", "conv": "5x6x7", "scale": "5x6x7", "clip": "5x6x7",
    "hard_swish": "5x6x7", "squeeze": "5x1x1", "hard_sigmoid": "5x1x1", "gated": "5x6x7",
    "sigmoid": "5x6x7", "swish": "5x6x7", "mean": "5x6x7", "joined": "15x6x7", "alone": "15x6x7",
    "fc": "2x1x1",
  ]
}
