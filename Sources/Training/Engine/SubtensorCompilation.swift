import COneDNN
import Foundation
import NeuralGraph

extension ProgramCompiler {
  /// Copies every value to its channels of the result.
  func compileConcatenation(_ node: Node) throws(TrainingError) {
    let sources = try node.inputs.map { name throws(TrainingError) in try value(name) }
    let shape = try shape(node.name)
    let target = try memory(commonLayout(of: sources.map(\.descriptor), dims(shape)))
    var parts: [(name: String, source: OneDNNMemory, part: MemoryDescriptor)] = []
    var channel = 0
    for (name, source) in zip(node.inputs, sources) {
      let part = try target.descriptor.part(
        source.descriptor.dimensions, at: [0, channel, 0, 0], of: node)
      try emitCopy(from: source, to: memory(part, sharing: target.buffer), node)
      parts.append((name, source, part))
      channel += source.descriptor.dimensions[1]
    }
    values[node.name] = target

    onBackward { [self] () throws(TrainingError) in
      guard let gradient = try gradient(of: node.name, layout: target.descriptor) else { return }
      for (name, source, part) in parts where needsGradient(name) {
        let result = try memory(source.descriptor)
        try emitCopy(from: memory(part, sharing: gradient.buffer), to: result, node)
        contribute(result, to: name)
      }
    }
  }

  /// Copies a value to the middle of a larger one that is zero elsewhere.
  func compilePad(_ node: Node, _ padding: Padding) throws(TrainingError) {
    let source = try value(node.inputs[0])
    let target = try memory(
      commonLayout(of: [source.descriptor], dims(shape(node.name)), mayPad: true))
    let part = try target.descriptor.part(
      source.descriptor.dimensions, at: [0, 0, padding.top, padding.left], of: node)
    // Other tensors have the buffer at other times.
    let (pointer, size) = (target.buffer.pointer, target.descriptor.byteCount)
    emit { () throws(TrainingError) in memset(pointer, 0, size) }
    try emitCopy(from: source, to: memory(part, sharing: target.buffer), node)
    values[node.name] = target

    onBackward { [self] () throws(TrainingError) in
      guard needsGradient(node.inputs[0]),
        let gradient = try gradient(of: node.name, layout: target.descriptor)
      else { return }
      let result = try memory(source.descriptor)
      try emitCopy(from: memory(part, sharing: gradient.buffer), to: result, node)
      contribute(result, to: node.inputs[0])
    }
  }

  private func emitCopy(from source: OneDNNMemory, to target: OneDNNMemory, _ node: Node)
    throws(TrainingError)
  {
    try emit(
      PrimitiveDescription(reorder: source.descriptor, to: target.descriptor, in: context),
      [DNNL_ARG_FROM: source, DNNL_ARG_TO: target], "copy a part of '\(node.name)'")
  }

  /// The blocked layout that all have, if channels can be told apart there in whole blocks, else
  /// the plain one. `mayPad` allows blocks that are not full.
  private func commonLayout(
    of layouts: [MemoryDescriptor], _ dims: [Int], mayPad: Bool = false
  ) throws(TrainingError) -> MemoryDescriptor {
    for tag in [dnnl_nChw16c, dnnl_nChw8c] {
      let blocked = try layouts.map { layout throws(TrainingError) in
        try MemoryDescriptor(layout.dimensions, tag, layout.data_type)
      }
      let fits = zip(layouts, blocked).allSatisfy { layout, blocked in
        (mayPad || !layout.isPadded) && layout.hasSameLayout(as: blocked)
      }
      if fits { return try MemoryDescriptor(dims, tag, layouts[0].data_type) }
    }
    return try .plain(dims)
  }
}

extension dnnl_memory_desc_t {
  /// A part of this tensor, to be used with its buffer.
  fileprivate func part(_ dims: [Int], at offsets: [Int], of node: Node) throws(TrainingError)
    -> MemoryDescriptor
  {
    var result = dnnl_memory_desc_t()
    let status = withUnsafePointer(to: self) {
      dnnl_memory_desc_init_submemory(&result, $0, dims.map(Int64.init), offsets.map(Int64.init))
    }
    try check(status, "describe a part of '\(node.name)'")
    return result
  }
}
