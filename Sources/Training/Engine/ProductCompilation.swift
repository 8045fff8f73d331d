import COneDNN
import NeuralGraph

extension ProgramCompiler {
  /// Product of two values of one shape, or of a value and one gate per image and channel.
  func compileMultiply(_ node: Node) throws(TrainingError) {
    let first = try value(node.inputs[0])
    let second = try value(node.inputs[1])
    if first.descriptor.dimensions == second.descriptor.dimensions {
      try compileProduct(node, first, second)
    } else {
      try compileGates(node, first, second)
    }
  }

  private func compileProduct(
    _ node: Node, _ first: OneDNNMemory, _ second: OneDNNMemory
  ) throws(TrainingError) {
    let second = try reordered(second, to: first.descriptor)
    values[node.name] = try product(first, second)
    onBackward { [self] () throws(TrainingError) in
      guard let gradient = try gradient(of: node.name, layout: first.descriptor) else { return }
      for (name, other) in [(node.inputs[0], second), (node.inputs[1], first)]
      where needsGradient(name) {
        contribute(try product(gradient, other), to: name)
      }
    }
  }

  /// a · b; both have the same layout.
  private func product(_ a: OneDNNMemory, _ b: OneDNNMemory) throws(TrainingError)
    -> OneDNNMemory
  {
    let result = try memory(a.descriptor)
    var operation = dnnl_binary_desc_t()
    var (first, second, out) = (a.descriptor, b.descriptor, result.descriptor)
    try check(
      dnnl_binary_desc_init(&operation, dnnl_binary_mul, &first, &second, &out),
      "describe a product")
    let description = try PrimitiveDescription(operation, in: context, "multiply")
    try emit(
      description, [DNNL_ARG_SRC_0: a, DNNL_ARG_SRC_1: b, DNNL_ARG_DST: result], "multiply")
    return result
  }

  /// In a blocked layout the images' channel blocks follow one another, so a batch is one image with
  /// all of them, each channel with a scale of its own: the gates in the same layout.
  private func compileGates(
    _ node: Node, _ source: OneDNNMemory, _ gates: OneDNNMemory
  ) throws(TrainingError) {
    let source = try blocked(source)
    var shape = try batchShape(source.descriptor)
    let tag = shape.block == 8 ? dnnl_aBcd8b : dnnl_aBcd16b
    let gateLayout = try MemoryDescriptor(gates.descriptor.dimensions, tag)
    let scales = try reordered(gates, to: gateLayout)
    shape.channels = gateLayout.valueCount
    shape.images = 1
    let scaling = try channelScaling(
      shape, scale: scales.buffer, shift: constant(0, count: shape.channels))
    let target = try memory(source.descriptor)
    try emit(scaling, source, into: target)
    values[node.name] = target

    onBackward { [self] () throws(TrainingError) in
      guard let gradient = try gradient(of: node.name, layout: source.descriptor) else { return }
      let result = try emitBackward(scaling, source: source, gradient: gradient)
      contribute(result.source, to: node.inputs[0])
      contribute(try memory(gateLayout, sharing: result.scale), to: node.inputs[1])
    }
  }
}
