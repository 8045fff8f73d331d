import NeuralGraph
import Randomness
import Testing

@Suite struct GraphShapesTests {
  /// The output of one operation on one input.
  private func output(_ operation: Operation, of input: ActivationShape) throws -> ActivationShape?
  {
    let graph = Graph(
      input: input, nodes: [Node(name: "x", operation: operation, inputs: ["input"])], output: "x")
    return try graph.shapes()["x"]
  }

  private func shape(_ channels: Int, _ height: Int, _ width: Int) -> ActivationShape {
    ActivationShape(channels: channels, height: height, width: width)
  }

  /// Height and width by hand from floor((n + padding - kernel) / stride) + 1.
  static let windows: [(height: Int, width: Int, window: Window, expected: (Int, Int))] = [
    (28, 28, Window(kernel: 3, padding: 1), (28, 28)),
    (28, 28, Window(kernel: 3, stride: 2, padding: 1), (14, 14)),
    (7, 7, Window(kernel: 3, stride: 2, padding: 1), (4, 4)),
    (28, 28, Window(kernel: 1, stride: 2), (14, 14)),
    (7, 7, Window(kernel: 1, stride: 2), (4, 4)),
    (6, 6, Window(kernel: 3, stride: 2), (2, 2)),
    (5, 5, Window(kernel: 5), (1, 1)),
    (32, 20, Window(kernel: 3), (30, 18)),
    (112, 112, Window(kernel: 3, stride: 2, padding: 1), (56, 56)),
    (7, 9, Window(kernel: 2, stride: 2), (3, 4)),
    (5, 5, Window(kernel: 1, stride: 100), (1, 1)),
    (
      224, 224,
      Window(
        kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 2,
        padding: Padding(top: 0, left: 0, bottom: 1, right: 1)), (112, 112)
    ),
    (
      9, 9,
      Window(
        kernelHeight: 1, kernelWidth: 7, strideHeight: 1, strideWidth: 3,
        padding: Padding(top: 0, left: 3, bottom: 0, right: 2)), (9, 3)
    ),
    (
      4, 1,
      Window(
        kernelHeight: 2, kernelWidth: 3,
        padding: Padding(top: 1, left: 2, bottom: 0, right: 0)), (4, 1)
    ),
  ]

  @Test(arguments: windows.indices) func slidingWindows(_ index: Int) throws {
    let (height, width, window, expected) = Self.windows[index]
    let input = shape(6, height, width)
    let convolution = Operation.convolution(
      Convolution(inChannels: 6, outChannels: 8, window: window, bias: false))
    #expect(try output(convolution, of: input) == shape(8, expected.0, expected.1))
    #expect(try output(.maxPool(window), of: input) == shape(6, expected.0, expected.1))
    for countsPadding in [false, true] {
      #expect(
        try output(.averagePool(window, countsPadding: countsPadding), of: input)
          == shape(6, expected.0, expected.1))
    }
  }

  /// The formula against counting the positions at which a window fits.
  @Test func windowsAgreeWithCounting() {
    var generator = SeededGenerator(seed: 1, stream: "windows")
    var fitting = 0
    for _ in 0..<4000 {
      func below(_ bound: Int) -> Int { generator.nextIndex(below: bound) }
      let window = Window(
        kernelHeight: below(7), kernelWidth: below(7), strideHeight: below(5),
        strideWidth: below(5),
        padding: Padding(top: below(4), left: below(4), bottom: below(4), right: below(4)))
      let input = shape(1, 1 + below(12), 1 + below(12))
      func count(_ length: Int, _ before: Int, _ after: Int, _ kernel: Int, _ step: Int) -> Int? {
        // Padding of a whole kernel would make outputs that see no pixel.
        guard kernel > 0, step > 0, before < kernel, after < kernel else { return nil }
        var positions = 0
        var start = -before
        while start + kernel <= length + after {
          positions += 1
          start += step
        }
        return positions == 0 ? nil : positions
      }
      let padding = window.padding
      let height = count(
        input.height, padding.top, padding.bottom, window.kernelHeight, window.strideHeight)
      let width = count(
        input.width, padding.left, padding.right, window.kernelWidth, window.strideWidth)
      let found = window.outputSize(of: input)
      if let height, let width {
        fitting += 1
        #expect(found?.height == height && found?.width == width, "\(window) on \(input)")
      } else {
        #expect(found == nil, "\(window) on \(input)")
      }
    }
    #expect((500...3500).contains(fitting))
  }

  @Test(arguments: [1, 2, 3, 6]) func groupsThatDivideBothSides(_ groups: Int) throws {
    let convolution = Convolution(
      inChannels: 6, outChannels: 12, window: Window(kernel: 3), groups: groups, bias: true)
    #expect(try output(.convolution(convolution), of: shape(6, 5, 5)) == shape(12, 3, 3))
    #expect(convolution.weightShape == [12, 6 / groups, 3, 3])
    #expect(convolution.isDepthwise == (groups == 6))
  }

  @Test func theOthersKeepOrFlatten() throws {
    let input = shape(4, 6, 5)
    #expect(try output(.batchNorm(channels: 4, epsilon: 1e-5), of: input) == input)
    #expect(try output(.relu(limit: nil), of: input) == input)
    #expect(try output(.relu(limit: 6), of: input) == input)
    for operation in [
      .clip(lower: -1, upper: 2), .sigmoid, .hardSigmoid(slope: 0.2, offset: -3), .hardSwish,
      .scaleShift(channels: 4), .pad(Padding(0)), .concatenate(inputs: 1),
    ] as [Operation] {
      #expect(try output(operation, of: input) == input)
    }
    #expect(
      try output(.pad(Padding(top: 1, left: 2, bottom: 3, right: 4)), of: input)
        == shape(4, 10, 11))
    #expect(try output(.globalAveragePool, of: input) == shape(4, 1, 1))
    #expect(
      try output(.linear(inFeatures: 120, outFeatures: 7, bias: true), of: input) == shape(7, 1, 1))
  }

  @Test func everyValueOfAGraphIsListed() throws {
    let shapes = try TestGraphs.everyOperation.shapes()
    #expect(shapes.mapValues(\.description) == TestGraphs.everyOperationShapes)
    let imported = try TestGraphs.importedOperations.shapes()
    #expect(imported.mapValues(\.description) == TestGraphs.importedOperationsShapes)
  }

  @Test func shapesDescribeThemselves() {
    #expect("\(shape(16, 28, 14))" == "16x28x14")
    #expect(shape(16, 28, 14).count == 6272)
  }

  @Test func nodesAreFoundByName() {
    let graph = TestGraphs.everyOperation
    #expect(graph.node(named: "pool") == graph.nodes.first { $0.name == "pool" })
    #expect(graph.node(named: "input") == nil)
  }
}
