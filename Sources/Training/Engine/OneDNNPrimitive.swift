import COneDNN

/// A primitive's description: the implementation oneDNN chose and the layouts it wants.
final class PrimitiveDescription {
  let handle: dnnl_primitive_desc_t

  /// `descriptor` is one of oneDNN's operation descriptors (`dnnl_convolution_desc_t` …).
  init<Descriptor>(
    _ descriptor: Descriptor, in context: OneDNNContext, hint: PrimitiveDescription? = nil,
    attributes: PrimitiveAttributes? = nil, _ operation: String
  ) throws(TrainingError) {
    var handle: dnnl_primitive_desc_t?
    let status = withUnsafePointer(to: descriptor) {
      dnnl_primitive_desc_create(&handle, $0, attributes?.handle, context.engine, hint?.handle)
    }
    try check(status, "find an implementation to \(operation)")
    guard let handle else { throw .engine(operation: operation, status: status.rawValue) }
    self.handle = handle
  }

  /// A copy between two layouts.
  init(reorder from: MemoryDescriptor, to: MemoryDescriptor, in context: OneDNNContext)
    throws(TrainingError)
  {
    var handle: dnnl_primitive_desc_t?
    let status = withUnsafePointer(to: from) { from in
      withUnsafePointer(to: to) { to in
        dnnl_reorder_primitive_desc_create(&handle, from, context.engine, to, context.engine, nil)
      }
    }
    try check(status, "reorder a tensor of \(from.dimensions)")
    guard let handle else { throw .engine(operation: "reorder", status: status.rawValue) }
    self.handle = handle
  }

  deinit { dnnl_primitive_desc_destroy(handle) }

  /// The layout the implementation wants for one of its tensors.
  func layout(_ what: dnnl_query_t) throws(TrainingError) -> MemoryDescriptor {
    guard let found = dnnl_primitive_desc_query_md(handle, what, 0) else {
      throw .engine(operation: "tell a primitive's layout", status: what.rawValue)
    }
    return found.pointee
  }
}

/// Post-operations fused into a primitive's store.
final class PrimitiveAttributes {
  let handle: dnnl_primitive_attr_t

  /// max(x, 0), cut at `limit` when there is one.
  init(relu limit: Float?) throws(TrainingError) {
    var handle: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&handle), "create attributes")
    guard let handle else { throw .outOfMemory(bytes: 0) }
    self.handle = handle
    var operations: dnnl_post_ops_t?
    try check(dnnl_post_ops_create(&operations), "create post-operations")
    defer { dnnl_post_ops_destroy(operations) }
    let (algorithm, alpha, beta) = reluAlgorithm(limit: limit)
    try check(
      dnnl_post_ops_append_eltwise(operations, 1, algorithm, alpha, beta), "append an activation")
    try check(dnnl_primitive_attr_set_post_ops(handle, operations), "set post-operations")
  }

  deinit { dnnl_primitive_attr_destroy(handle) }
}

/// oneDNN's spelling of ReLU and of ReLU with an upper limit: algorithm, alpha, beta.
func reluAlgorithm(limit: Float?) -> (dnnl_alg_kind_t, Float, Float) {
  limit.map { (dnnl_eltwise_clip, 0, $0) } ?? (dnnl_eltwise_relu, 0, 0)
}

/// An executable primitive bound to its tensors.
final class OneDNNPrimitive {
  private let handle: dnnl_primitive_t
  private let context: OneDNNContext
  /// Kept alive, unlike the buffers: those belong to the network's pool.
  private let tensors: [MemoryObject]
  private let arguments: [dnnl_exec_arg_t]
  private let operation: String

  init(
    _ description: PrimitiveDescription, _ arguments: [Int32: OneDNNMemory],
    in context: OneDNNContext, _ operation: String
  ) throws(TrainingError) {
    var handle: dnnl_primitive_t?
    try check(dnnl_primitive_create(&handle, description.handle), "compile to \(operation)")
    guard let handle else { throw .outOfMemory(bytes: 0) }
    self.handle = handle
    self.context = context
    self.operation = operation
    tensors = arguments.values.map(\.object)
    self.arguments = arguments.map { dnnl_exec_arg_t(arg: $0.key, memory: $0.value.object.handle) }
  }

  deinit { dnnl_primitive_destroy(handle) }

  func run() throws(TrainingError) {
    let status = dnnl_primitive_execute(
      handle, context.stream, Int32(arguments.count), arguments)
    try check(status, operation)
  }
}
