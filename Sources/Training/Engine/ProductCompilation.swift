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

  /// The images' channels stand behind one another in memory, so that a batch is one image with
  /// `count` times the channels, each with its own scale.
  private func compileGates(
    _ node: Node, _ source: OneDNNMemory, _ gates: OneDNNMemory
  ) throws(TrainingError) {
    let (layout, view) = try withMergedChannels(source.descriptor)
    let source = try reordered(source, to: layout)
    let sourceView = try memory(view, sharing: source.buffer)
    let scaling = try channelScaling(view, node)
    let gateLayout = try MemoryDescriptor.plain(gates.descriptor.dimensions)
    let scales = try memory(gateLayout, sharing: scaling.coefficients.buffer)
    try emit(
      PrimitiveDescription(reorder: gates.descriptor, to: gateLayout, in: context),
      [DNNL_ARG_FROM: gates, DNNL_ARG_TO: scales], "copy the gates of '\(node.name)'")
    let target = try memory(layout)
    let targetView = try memory(view, sharing: target.buffer)
    try emit(scaling, sourceView, into: targetView, node)
    values[node.name] = target

    onBackward { [self] () throws(TrainingError) in
      guard let gradient = try gradient(of: node.name, layout: layout) else { return }
      let gradientView = try memory(view, sharing: gradient.buffer)
      let result = try emitBackward(
        scaling, source: sourceView, gradient: gradientView, node)
      contribute(try memory(layout, sharing: result.source.buffer), to: node.inputs[0])
      contribute(
        try memory(gateLayout, sharing: result.coefficients.buffer), to: node.inputs[1])
    }
  }

  /// The layout nearest to the given one in which channels of consecutive images follow one
  /// another, and the same memory with all images' channels in one.
  private func withMergedChannels(_ layout: MemoryDescriptor) throws(TrainingError)
    -> (layout: MemoryDescriptor, view: MemoryDescriptor)
  {
    let dims = layout.dimensions
    let merged = [1, dims[0] * dims[1]] + dims.dropFirst(2)
    for tag in [dnnl_nChw16c, dnnl_nChw8c] {
      let blocked = try MemoryDescriptor(dims, tag, layout.data_type)
      if !layout.isPadded, layout.hasSameLayout(as: blocked) {
        return (blocked, try MemoryDescriptor(merged, tag, layout.data_type))
      }
    }
    return (try .plain(dims), try .plain(merged))
  }
}
