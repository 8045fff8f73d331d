import COneDNN

typealias MemoryDescriptor = dnnl_memory_desc_t

extension dnnl_memory_desc_t {
  /// A tensor; `dnnl_format_tag_any` lets the primitive choose its layout.
  init(_ dims: [Int], _ tag: dnnl_format_tag_t, _ type: dnnl_data_type_t = dnnl_f32)
    throws(TrainingError)
  {
    self.init()
    let status = dnnl_memory_desc_init_by_tag(
      &self, Int32(dims.count), dims.map(Int64.init), type, tag)
    try check(status, "describe a tensor of \(dims)")
  }

  /// The sizes along each axis.
  var dimensions: [Int] {
    withUnsafeBytes(of: dims) { $0.bindMemory(to: Int64.self).prefix(Int(ndims)).map(Int.init) }
  }

  /// Bytes that a buffer of this layout takes, its padding included.
  var byteCount: Int { withUnsafePointer(to: self) { dnnl_memory_desc_get_size($0) } }

  /// Bytes of one value.
  var valueSize: Int { data_type == dnnl_bf16 ? 2 : 4 }

  /// Values that a buffer of this layout holds, its padding included.
  var valueCount: Int { byteCount / valueSize }

  /// Whether the layout rounds an axis up, as blocked ones do with odd channel counts.
  var isPadded: Bool { valueCount != dimensions.reduce(1, *) }

  func hasSameLayout(as other: MemoryDescriptor) -> Bool {
    withUnsafePointer(to: self) { a in
      withUnsafePointer(to: other) { b in dnnl_memory_desc_equal(a, b) == 1 }
    }
  }

  /// The row-major layout for 1 to 5 axes (nchw, oihw, goihw …).
  static func plain(_ dims: [Int]) throws(TrainingError) -> MemoryDescriptor {
    let tags = [dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde]
    guard tags.indices.contains(dims.count - 1) else {
      throw .invalidInput("tensors have 1 to 5 axes, not \(dims.count)")
    }
    return try MemoryDescriptor(dims, tags[dims.count - 1])
  }

  /// The same tensor as [image][channel block][position][channel], in blocks of 8 or 16.
  func blocked(_ block: Int) throws(TrainingError) -> MemoryDescriptor {
    try MemoryDescriptor(dimensions, block == 8 ? dnnl_aBcd8b : dnnl_aBcd16b, data_type)
  }

  /// Channels of a block when the layout is one of those of `blocked(_:)`, else nil.
  func channelBlock() throws(TrainingError) -> Int? {
    guard ndims == 4 else { return nil }
    for block in [16, 8] where hasSameLayout(as: try blocked(block)) { return block }
    return nil
  }
}

/// Owns one of oneDNN's memory objects: a layout and a pointer, not the bytes behind it.
final class MemoryObject {
  let handle: dnnl_memory_t

  init(
    _ descriptor: MemoryDescriptor, _ pointer: UnsafeMutableRawPointer, in context: OneDNNContext
  )
    throws(TrainingError)
  {
    var handle: dnnl_memory_t?
    let status = withUnsafePointer(to: descriptor) {
      dnnl_memory_create(&handle, $0, context.engine, pointer)
    }
    try check(status, "create a memory object")
    guard let handle else { throw .outOfMemory(bytes: 0) }
    self.handle = handle
  }

  deinit { dnnl_memory_destroy(handle) }
}

/// A tensor of a program: a layout and the buffer behind it, which several tensors may share.
final class OneDNNMemory {
  let descriptor: MemoryDescriptor
  let buffer: AlignedBuffer
  let object: MemoryObject

  init(_ descriptor: MemoryDescriptor, buffer: AlignedBuffer, in context: OneDNNContext)
    throws(TrainingError)
  {
    guard buffer.byteCount >= descriptor.byteCount else {
      throw .invalidInput("a buffer is smaller than its tensor")
    }
    self.descriptor = descriptor
    self.buffer = buffer
    object = try MemoryObject(descriptor, buffer.pointer, in: context)
  }
}
