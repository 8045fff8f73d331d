/// The JSON form of a graph, as it stands in model files: one flat object per node,
/// `{"name": "conv1", "op": "convolution", "inputs": ["input"], "out": 16, "kernel": [3, 3], …}`,
/// so that other programs read it without knowing Swift.
extension Graph: Codable {
  private enum Key: String, CodingKey { case input, nodes, output }

  /// Decodes and validates.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    self.init(
      input: try container.decode(ActivationShape.self, forKey: .input),
      nodes: try container.decode([Node].self, forKey: .nodes),
      output: try container.decode(String.self, forKey: .output))
    _ = try shapes()
  }

  /// Encodes as described above.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(input, forKey: .input)
    try container.encode(nodes, forKey: .nodes)
    try container.encode(output, forKey: .output)
  }
}

extension Node: Codable {
  private enum Key: String, CodingKey {
    case name, op, inputs, `in`, out, kernel, stride, padding, groups, bias, epsilon, limit
  }

  private enum Name: String, Codable {
    case convolution, linear, relu, add
    case batchNorm = "batch_norm"
    case maxPool = "max_pool"
    case averagePool = "average_pool"
    case globalAveragePool = "global_average_pool"
  }

  /// Decodes one node; the graph validates it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func integer(_ key: Key) throws -> Int { try container.decode(Int.self, forKey: key) }
    func integers(_ key: Key, _ count: Int) throws -> [Int] {
      let values = try container.decode([Int].self, forKey: key)
      guard values.count == count else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "'\(key.rawValue)' needs \(count) numbers")
      }
      return values
    }
    func window() throws -> Window {
      let kernel = try integers(.kernel, 2)
      let stride = try integers(.stride, 2)
      let padding = try integers(.padding, 4)
      return Window(
        kernelHeight: kernel[0], kernelWidth: kernel[1], strideHeight: stride[0],
        strideWidth: stride[1],
        padding: Padding(
          top: padding[0], left: padding[1], bottom: padding[2], right: padding[3]))
    }
    let operation: Operation
    switch try container.decode(Name.self, forKey: .op) {
    case .convolution:
      operation = .convolution(
        Convolution(
          inChannels: try integer(.in), outChannels: try integer(.out), window: try window(),
          groups: try integer(.groups), bias: try container.decode(Bool.self, forKey: .bias)))
    case .linear:
      operation = .linear(
        inFeatures: try integer(.in), outFeatures: try integer(.out),
        bias: try container.decode(Bool.self, forKey: .bias))
    case .batchNorm:
      operation = .batchNorm(
        channels: try integer(.in), epsilon: try container.decode(Float.self, forKey: .epsilon))
    case .relu:
      operation = .relu(limit: try container.decodeIfPresent(Float.self, forKey: .limit))
    case .maxPool: operation = .maxPool(try window())
    case .averagePool: operation = .averagePool(try window())
    case .globalAveragePool: operation = .globalAveragePool
    case .add: operation = .add
    }
    self.init(
      name: try container.decode(String.self, forKey: .name), operation: operation,
      inputs: try container.decode([String].self, forKey: .inputs))
  }

  /// Encodes as one flat object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    func encode(_ window: Window) throws {
      try container.encode([window.kernelHeight, window.kernelWidth], forKey: .kernel)
      try container.encode([window.strideHeight, window.strideWidth], forKey: .stride)
      let padding = window.padding
      try container.encode(
        [padding.top, padding.left, padding.bottom, padding.right], forKey: .padding)
    }
    try container.encode(name, forKey: .name)
    try container.encode(inputs, forKey: .inputs)
    switch operation {
    case .convolution(let c):
      try container.encode(Name.convolution, forKey: .op)
      try container.encode(c.inChannels, forKey: .in)
      try container.encode(c.outChannels, forKey: .out)
      try encode(c.window)
      try container.encode(c.groups, forKey: .groups)
      try container.encode(c.bias, forKey: .bias)
    case .linear(let inFeatures, let outFeatures, let bias):
      try container.encode(Name.linear, forKey: .op)
      try container.encode(inFeatures, forKey: .in)
      try container.encode(outFeatures, forKey: .out)
      try container.encode(bias, forKey: .bias)
    case .batchNorm(let channels, let epsilon):
      try container.encode(Name.batchNorm, forKey: .op)
      try container.encode(channels, forKey: .in)
      try container.encode(epsilon, forKey: .epsilon)
    case .relu(let limit):
      try container.encode(Name.relu, forKey: .op)
      try container.encodeIfPresent(limit, forKey: .limit)
    case .maxPool(let window):
      try container.encode(Name.maxPool, forKey: .op)
      try encode(window)
    case .averagePool(let window):
      try container.encode(Name.averagePool, forKey: .op)
      try encode(window)
    case .globalAveragePool: try container.encode(Name.globalAveragePool, forKey: .op)
    case .add: try container.encode(Name.add, forKey: .op)
    }
  }
}
