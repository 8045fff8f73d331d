import COneDNN

/// Weights in the layouts that primitives want, one copy for all programs of a network, refreshed
/// only after the weight has changed.
final class WeightCopies {
  /// One weight in one layout.
  final class Copy {
    let memory: OneDNNMemory
    private let parameter: ParameterBuffer
    private let primitive: OneDNNPrimitive
    private var version = -1

    init(
      _ parameter: ParameterBuffer, dims: [Int], layout: MemoryDescriptor, in context: OneDNNContext
    )
      throws(TrainingError)
    {
      self.parameter = parameter
      let plain = try OneDNNMemory(.plain(dims), buffer: parameter.valueBuffer, in: context)
      memory = try OneDNNMemory(
        layout, buffer: AlignedBuffer(byteCount: layout.byteCount), in: context)
      let description = try PrimitiveDescription(
        reorder: plain.descriptor, to: layout, in: context)
      primitive = try OneDNNPrimitive(
        description, [DNNL_ARG_FROM: plain, DNNL_ARG_TO: memory], in: context,
        "reorder '\(parameter.parameter.name)'")
    }

    func refresh() throws(TrainingError) {
      guard version != parameter.version else { return }
      try primitive.run()
      version = parameter.version
    }
  }

  private let context: OneDNNContext
  private var copies: [String: [Copy]] = [:]

  init(context: OneDNNContext) { self.context = context }

  func copy(_ parameter: ParameterBuffer, dims: [Int], layout: MemoryDescriptor)
    throws(TrainingError) -> Copy
  {
    let name = parameter.parameter.name
    if let known = copies[name]?.first(where: { $0.memory.descriptor.hasSameLayout(as: layout) }) {
      return known
    }
    let copy = try Copy(parameter, dims: dims, layout: layout, in: context)
    copies[name, default: []].append(copy)
    return copy
  }
}
