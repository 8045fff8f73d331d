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
    case name, op, inputs, `in`, out, kernel, stride, padding, groups, bias, epsilon, limit, lower
    case upper, slope, offset
    case countsPadding = "counts_padding"
  }

  private enum Name: String, Codable {
    case convolution, linear, relu, clip, sigmoid, add, multiply, concatenate, pad
    case hardSigmoid = "hard_sigmoid"
    case hardSwish = "hard_swish"
    case scaleShift = "scale_shift"
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
    func float(_ key: Key) throws -> Float { try container.decode(Float.self, forKey: key) }
    func padding() throws -> Padding {
      let sides = try integers(.padding, 4)
      return Padding(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3])
    }
    func window() throws -> Window {
      let kernel = try integers(.kernel, 2)
      let stride = try integers(.stride, 2)
      return Window(
        kernelHeight: kernel[0], kernelWidth: kernel[1], strideHeight: stride[0],
        strideWidth: stride[1], padding: try padding())
    }
    let inputs = try container.decode([String].self, forKey: .inputs)
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
    case .averagePool:
      // Absent in files written before there was a choice.
      operation = .averagePool(
        try window(),
        countsPadding: try container.decodeIfPresent(Bool.self, forKey: .countsPadding) ?? false)
    case .globalAveragePool: operation = .globalAveragePool
    case .clip: operation = .clip(lower: try float(.lower), upper: try float(.upper))
    case .sigmoid: operation = .sigmoid
    case .hardSigmoid:
      operation = .hardSigmoid(slope: try float(.slope), offset: try float(.offset))
    case .hardSwish: operation = .hardSwish
    case .scaleShift: operation = .scaleShift(channels: try integer(.in))
    case .add: operation = .add
    case .multiply: operation = .multiply
    case .concatenate: operation = .concatenate(inputs: inputs.count)
    case .pad: operation = .pad(try padding())
    }
    self.init(
      name: try container.decode(String.self, forKey: .name), operation: operation, inputs: inputs)
  }

  /// Encodes as one flat object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    func encode(_ padding: Padding) throws {
      try container.encode(
        [padding.top, padding.left, padding.bottom, padding.right], forKey: .padding)
    }
    func encode(_ window: Window) throws {
      try container.encode([window.kernelHeight, window.kernelWidth], forKey: .kernel)
      try container.encode([window.strideHeight, window.strideWidth], forKey: .stride)
      try encode(window.padding)
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
    case .averagePool(let window, let countsPadding):
      try container.encode(Name.averagePool, forKey: .op)
      try encode(window)
      if countsPadding { try container.encode(true, forKey: .countsPadding) }
    case .globalAveragePool: try container.encode(Name.globalAveragePool, forKey: .op)
    case .clip(let lower, let upper):
      try container.encode(Name.clip, forKey: .op)
      try container.encode(lower, forKey: .lower)
      try container.encode(upper, forKey: .upper)
    case .sigmoid: try container.encode(Name.sigmoid, forKey: .op)
    case .hardSigmoid(let slope, let offset):
      try container.encode(Name.hardSigmoid, forKey: .op)
      try container.encode(slope, forKey: .slope)
      try container.encode(offset, forKey: .offset)
    case .hardSwish: try container.encode(Name.hardSwish, forKey: .op)
    case .scaleShift(let channels):
      try container.encode(Name.scaleShift, forKey: .op)
      try container.encode(channels, forKey: .in)
    case .add: try container.encode(Name.add, forKey: .op)
    case .multiply: try container.encode(Name.multiply, forKey: .op)
    case .concatenate: try container.encode(Name.concatenate, forKey: .op)
    case .pad(let padding):
      try container.encode(Name.pad, forKey: .op)
      try encode(padding)
    }
  }
}
