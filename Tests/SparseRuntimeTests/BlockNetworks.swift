import NeuralGraph

/// Small forms of the blocks that imported networks are made of.
enum BlockNetworks: String, CaseIterable, Sendable {
  case mobileNetV3, efficientNet, denseNet, inception, shuffled

  var graph: Graph {
    switch self {
    case .mobileNetV3: Self.mobileNetV3Block
    case .efficientNet: Self.efficientNetBlock
    case .denseNet: Self.denseNetBlock
    case .inception: Self.inceptionBlock
    case .shuffled: Self.shuffledBlock
    }
  }

  /// Expansion, depthwise filter, squeeze-and-excitation with hard gates, projection, residual.
  private static var mobileNetV3Block: Graph {
    var list = NodeList(3, 10, 9)
    var x = list.add(.hardSwish, list.convolution("input", out: 12, kernel: 3, stride: 2))
    let start = x
    x = list.add(.hardSwish, list.convolution(x, out: 19))
    x = list.add(.hardSwish, list.convolution(x, out: 19, kernel: 5, groups: 19))
    var gate = list.add(.globalAveragePool, x)
    gate = list.add(.relu(limit: nil), list.convolution(gate, out: 5))
    gate = list.add(
      .hardSigmoid(slope: 1 / 6, offset: 0.5), list.convolution(gate, out: 19))
    x = list.add(.multiply, x, gate)
    x = list.add(.add, list.convolution(x, out: 12), start)
    x = list.add(.hardSwish, list.convolution(x, out: 24))
    x = list.add(.globalAveragePool, x)
    x = list.add(.linear(inFeatures: 24, outFeatures: 5, bias: true), x)
    return list.graph
  }

  /// x times sigmoid(x), soft gates, and TensorFlow's asymmetric padding as a node of its own.
  private static var efficientNetBlock: Graph {
    var list = NodeList(3, 11, 12)
    func swish(_ x: String) -> String { list.add(.multiply, x, list.add(.sigmoid, x)) }
    var x = list.add(.pad(Padding(top: 0, left: 0, bottom: 1, right: 1)), "input")
    x = swish(list.convolution(x, out: 10, kernel: 3, stride: 2, padding: 0))
    x = swish(list.convolution(x, out: 10, kernel: 3, groups: 10))
    let squeezed = swish(list.convolution(list.add(.globalAveragePool, x), out: 3))
    x = list.add(.multiply, x, list.add(.sigmoid, list.convolution(squeezed, out: 10)))
    x = list.convolution(x, out: 7)
    x = list.add(.linear(inFeatures: 7 * 5 * 6, outFeatures: 4, bias: true), x)
    return list.graph
  }

  /// Every layer reads all earlier ones; batch norm before the convolution, as scale and shift.
  private static var denseNetBlock: Graph {
    var list = NodeList(3, 8, 7)
    var x = list.convolution("input", out: 6, kernel: 3)
    var features = 6
    for _ in 0..<3 {
      var y = list.add(.relu(limit: nil), list.add(.scaleShift(channels: features), x))
      y = list.convolution(y, out: 5, kernel: 3)
      x = list.concatenate(x, y)
      features += 5
    }
    x = list.add(.averagePool(Window(kernel: 2, stride: 2)), x)
    x = list.add(.clip(lower: -0.5, upper: 1.5), list.convolution(x, out: 9))
    x = list.add(.globalAveragePool, x)
    return list.graph
  }

  /// Branches of several windows side by side, with a mean that counts its padding.
  private static var inceptionBlock: Graph {
    var list = NodeList(2, 9, 8)
    var x = list.add(.relu(limit: nil), list.convolution("input", out: 7, kernel: 3))
    let one = list.add(.relu(limit: nil), list.convolution(x, out: 3))
    var five = list.convolution(x, out: 4)
    five = list.add(.relu(limit: 6), list.convolution(five, out: 5, kernel: 5))
    let pooled = list.convolution(
      list.add(.averagePool(Window(kernel: 3, padding: 1), countsPadding: true), x), out: 2)
    let largest = list.add(.maxPool(Window(kernel: 3, padding: 1)), x)
    x = list.concatenate(one, five, pooled, largest)
    x = list.convolution(x, out: 6, kernel: 3, stride: 2)
    x = list.add(.globalAveragePool, x)
    return list.graph
  }

  /// Values read several times, clamps after clamps, and what fusion must leave alone.
  private static var shuffledBlock: Graph {
    var list = NodeList(5, 6, 5)
    let a = list.convolution("input", out: 5, kernel: 3)
    var x = list.add(.clip(lower: -2, upper: 0.5), a)
    x = list.add(.clip(lower: 0.25, upper: 3), x)
    let twice = list.concatenate(x, "input", x)
    var y = list.add(.multiply, a, a)
    y = list.add(.add, y, x)
    y = list.add(.clip(lower: 0.5, upper: 2), y)
    y = list.add(.sigmoid, y)
    y = list.convolution(y, out: 15, kernel: 3)
    y = list.add(.clip(lower: 0.125, upper: 1), y)
    x = list.add(.add, list.convolution(twice, out: 15, kernel: 3), y)
    x = list.add(.scaleShift(channels: 15), x)
    x = list.add(.relu(limit: 1), x)
    x = list.add(.pad(Padding(top: 1, left: 2, bottom: 0, right: 3)), x)
    x = list.add(.hardSigmoid(slope: 0.2, offset: 0.5), x)
    x = list.convolution(x, out: 3, kernel: 3)
    return list.graph
  }
}
