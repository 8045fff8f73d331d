import NeuralGraph
import Testing

/// Every way in which a graph, its weights or a name can be wrong has its own error.
@Suite struct GraphErrorTests {
  private let input = ActivationShape(channels: 3, height: 8, width: 8)

  private func error(_ nodes: [Node], output: String = "x") -> GraphError? {
    #expect(throws: GraphError.self) {
      try Graph(input: input, nodes: nodes, output: output).shapes()
    }
  }

  private func node(_ operation: Operation, _ name: String = "x", _ inputs: [String] = ["input"])
    -> Node
  { Node(name: name, operation: operation, inputs: inputs) }

  @Test func namesMustBeUnique() {
    let twice = [node(.relu(limit: nil)), node(.relu(limit: nil))]
    #expect(error(twice) == .duplicateName("x"))
    #expect(error([node(.relu(limit: nil), "input")]) == .duplicateName("input"))
  }

  @Test func nodesReadOnlyWhatExistsAlready() {
    let relu = Operation.relu(limit: nil)
    #expect(error([node(relu, "x", ["y"])]) == .unknownInput(node: "x", input: "y"))
    #expect(error([node(relu, "x", ["x"])]) == .unknownInput(node: "x", input: "x"))
    let backwards = [node(relu, "x", ["y"]), node(relu, "y")]
    #expect(error(backwards) == .unknownInput(node: "x", input: "y"))
  }

  @Test func operationsCountTheirInputs() {
    let single: [Operation] = [
      .relu(limit: nil), .globalAveragePool, .batchNorm(channels: 3, epsilon: 1e-5),
      .maxPool(Window(kernel: 2)), .averagePool(Window(kernel: 2)), .sigmoid, .hardSwish,
      .clip(lower: 0, upper: 1), .hardSigmoid(slope: 1, offset: 0), .scaleShift(channels: 3),
      .pad(Padding(1)), .concatenate(inputs: 1),
      .linear(inFeatures: 192, outFeatures: 2, bias: true),
      .convolution(
        Convolution(inChannels: 3, outChannels: 2, window: Window(kernel: 1), bias: true)),
    ]
    for operation in single {
      for count in [0, 2, 3] {
        let inputs = [String](repeating: "input", count: count)
        #expect(
          error([node(operation, "x", inputs)])
            == .inputCount(node: "x", expected: 1, found: count))
      }
    }
    for count in [0, 1, 3] {
      let inputs = [String](repeating: "input", count: count)
      for operation in [.add, .multiply, .concatenate(inputs: 2)] as [Operation] {
        #expect(
          error([node(operation, "x", inputs)])
            == .inputCount(node: "x", expected: 2, found: count))
      }
    }
    // An empty concatenation would have no height.
    #expect(
      error([node(.concatenate(inputs: 0), "x", [])])
        == .inputCount(node: "x", expected: 0, found: 0))
  }

  @Test func theOutputIsANode() {
    #expect(error([]) == .unknownOutput("x"))
    #expect(error([], output: "input") == .unknownOutput("input"))
    #expect(error([node(.relu(limit: nil))], output: "y") == .unknownOutput("y"))
  }

  static let misfits: [(operation: Operation, reason: String)] = [
    (.batchNorm(channels: 4, epsilon: 1e-5), "it expects 4 channels and reads 3"),
    (.batchNorm(channels: 3, epsilon: 0), "epsilon must be positive"),
    (.batchNorm(channels: 3, epsilon: -1), "epsilon must be positive"),
    (.batchNorm(channels: 3, epsilon: .nan), "epsilon must be positive"),
    (.batchNorm(channels: 3, epsilon: .infinity), "epsilon must be positive"),
    (.relu(limit: 0), "the limit must be positive and finite"),
    (.relu(limit: -6), "the limit must be positive and finite"),
    (.relu(limit: .nan), "the limit must be positive and finite"),
    (.relu(limit: .infinity), "the limit must be positive and finite"),
    (.linear(inFeatures: 3, outFeatures: 2, bias: true), "it expects 3 features and reads 192"),
    (.linear(inFeatures: 192, outFeatures: 0, bias: true), "its output 0x1x1 is out of range"),
    (.maxPool(Window(kernel: 9)), "its window does not fit an input of 3x8x8"),
    (.averagePool(Window(kernel: 2, stride: 0)), "its window does not fit an input of 3x8x8"),
    (.clip(lower: 1, upper: 1), "its limits must be finite and in order"),
    (.clip(lower: 2, upper: 1), "its limits must be finite and in order"),
    (.clip(lower: .nan, upper: 1), "its limits must be finite and in order"),
    (.clip(lower: 0, upper: .nan), "its limits must be finite and in order"),
    (.clip(lower: -.infinity, upper: 1), "its limits must be finite and in order"),
    (.clip(lower: 0, upper: .infinity), "its limits must be finite and in order"),
    (
      .hardSigmoid(slope: 0, offset: 0),
      "its slope must be positive and finite, its offset finite"
    ),
    (
      .hardSigmoid(slope: .nan, offset: 0),
      "its slope must be positive and finite, its offset finite"
    ),
    (
      .hardSigmoid(slope: 1, offset: .infinity),
      "its slope must be positive and finite, its offset finite"
    ),
    (.scaleShift(channels: 4), "it expects 4 channels and reads 3"),
    (
      .averagePool(Window(kernel: 9), countsPadding: true),
      "its window does not fit an input of 3x8x8"
    ),
    (
      .pad(Padding(top: -1, left: 0, bottom: 0, right: 0)), "its padding is out of range"
    ),
    (
      .pad(Padding(top: 0, left: 0, bottom: 0, right: .max)), "its padding is out of range"
    ),
    (
      .pad(Padding(top: 0, left: Graph.largestSide, bottom: 0, right: 0)),
      "its output 3x8x16777224 is out of range"
    ),
    (
      .convolution(
        Convolution(inChannels: 1, outChannels: 2, window: Window(kernel: 3), bias: false)),
      "it expects 1 channels and reads 3"
    ),
    (
      .convolution(
        Convolution(
          inChannels: 3, outChannels: 4, window: Window(kernel: 3), groups: 3, bias: false)),
      "3 groups do not divide 3 and 4 channels"
    ),
    (
      .convolution(
        Convolution(
          inChannels: 3, outChannels: 4, window: Window(kernel: 3), groups: 2, bias: false)),
      "2 groups do not divide 3 and 4 channels"
    ),
  ]

  @Test(arguments: misfits.indices) func attributesMustFit(_ index: Int) {
    let (operation, reason) = Self.misfits[index]
    #expect(error([node(operation)]) == .invalidNode(node: "x", reason: reason))
  }

  @Test func sumsNeedOneShape() {
    let nodes = [node(.globalAveragePool, "g"), node(.add, "x", ["g", "input"])]
    #expect(error(nodes) == .invalidNode(node: "x", reason: "it adds 3x1x1 and 3x8x8"))
  }

  @Test func productsTakeOneShapeOrGates() {
    let conv = node(
      .convolution(
        Convolution(inChannels: 3, outChannels: 4, window: Window(kernel: 1), bias: false)), "c")
    let gates = node(.globalAveragePool, "g")
    let others = node(.globalAveragePool, "h", ["c"])
    func product(_ inputs: String...) -> GraphError? {
      do {
        _ = try Graph(
          input: input, nodes: [conv, gates, others, node(.multiply, "x", inputs)], output: "x"
        ).shapes()
        return nil
      } catch {
        return error
      }
    }
    #expect(product("input", "input") == nil)
    #expect(product("input", "g") == nil)
    #expect(product("g", "g") == nil)
    // Only the second value may be the gates.
    for (first, second, reason) in [
      ("g", "input", "it multiplies 3x1x1 by 3x8x8"),
      ("input", "c", "it multiplies 3x8x8 by 4x8x8"),
      ("input", "h", "it multiplies 3x8x8 by 4x1x1"),
    ] {
      #expect(product(first, second) == .invalidNode(node: "x", reason: reason))
    }
  }

  @Test func concatenationsNeedOneHeightAndWidth() {
    let nodes = [
      node(.globalAveragePool, "g"), node(.concatenate(inputs: 2), "x", ["input", "g"]),
    ]
    #expect(error(nodes) == .invalidNode(node: "x", reason: "it concatenates 3x8x8 and 3x1x1"))
  }

  @Test(arguments: [TestGraphs.everyOperation, TestGraphs.importedOperations])
  func weightsMustBeTheGraphs(_ graph: Graph) throws {
    let weights = graph.initialWeights(seed: 1)
    try graph.validate(weights)
    for parameter in graph.parameters() {
      var missing = weights
      missing[parameter.name] = nil
      #expect(throws: GraphError.missingWeight(parameter.name)) { try graph.validate(missing) }
      var reshaped = weights
      reshaped[parameter.name] = Tensor(shape: parameter.shape + [1], filledWith: 0)
      #expect(
        throws: GraphError.weightShape(
          name: parameter.name, expected: parameter.shape, found: parameter.shape + [1])
      ) { try graph.validate(reshaped) }
    }
    var extra = weights
    extra["zz.weight"] = Tensor(shape: [1], filledWith: 0)
    extra["fd.bias"] = Tensor(shape: [3], filledWith: 0)
    #expect(throws: GraphError.unexpectedWeight("fd.bias")) { try graph.validate(extra) }
    #expect(throws: GraphError.missingWeight("nowhere")) { try weights.tensor("nowhere") }
  }

  @Test func countersOfPyTorchAreTolerated() throws {
    let graph = TestGraphs.everyOperation
    var weights = graph.initialWeights(seed: 1)
    weights["bn.num_batches_tracked"] = Tensor(shape: [], filledWith: 7)
    try graph.validate(weights)
    #expect(throws: GraphError.unexpectedWeight("bn.num_batches_tracked")) {
      try graph.validate(weights, ignoringSuffix: ".ignored")
    }
  }

  static let texts: [(error: GraphError, code: String, text: String)] = [
    (
      .tensorSize(shape: [2, 3], count: 5), "tensor_size",
      "a tensor of shape [2, 3] cannot hold 5 values"
    ),
    (.duplicateName("a"), "duplicate_node_name", "two nodes are named 'a'"),
    (
      .unknownInput(node: "a", input: "b"), "unknown_node_input",
      "node 'a' reads 'b', which no earlier node produces"
    ),
    (
      .inputCount(node: "a", expected: 2, found: 1), "node_input_count",
      "node 'a' needs 2 input(s) and has 1"
    ),
    (.invalidNode(node: "a", reason: "why"), "invalid_node", "node 'a': why"),
    (.unknownOutput("a"), "unknown_graph_output", "the graph's output 'a' is not one of its nodes"),
    (.missingWeight("a"), "missing_weight", "the weight 'a' is missing"),
    (
      .weightShape(name: "a", expected: [1], found: [2]), "weight_shape",
      "the weight 'a' has shape [2]; the graph needs [1]"
    ),
    (.unexpectedWeight("a"), "unexpected_weight", "the network does not use the weight 'a'"),
    (
      .unknownArchitecture("a", known: ["b", "c"]), "unknown_architecture",
      "there is no architecture 'a'; known ones are b, c"
    ),
  ]

  @Test(arguments: texts.indices) func errorsHaveCodesAndSentences(_ index: Int) {
    let (error, code, text) = Self.texts[index]
    #expect(error.code == code)
    #expect("\(error)" == text)
  }
}
