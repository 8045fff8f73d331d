import COneDNN
import Foundation

typealias MemoryDescriptor = dnnl_memory_desc_t

extension dnnl_memory_desc_t {
  /// A tensor of 32-bit floats; `dnnl_format_tag_any` lets the primitive choose its layout.
  init(_ dims: [Int], _ tag: dnnl_format_tag_t) throws(TrainingError) {
    self.init()
    let status = dnnl_memory_desc_init_by_tag(
      &self, Int32(dims.count), dims.map(Int64.init), dnnl_f32, tag)
    try check(status, "describe a tensor of \(dims)")
  }

  /// The same tensor with its layout left open.
  func withAnyLayout() throws(TrainingError) -> MemoryDescriptor {
    try MemoryDescriptor(dimensions, dnnl_format_tag_any)
  }

  /// The sizes along each axis.
  var dimensions: [Int] {
    withUnsafeBytes(of: dims) { $0.bindMemory(to: Int64.self).prefix(Int(ndims)).map(Int.init) }
  }

  /// Bytes that a buffer of this layout takes, its padding included.
  var byteCount: Int { withUnsafePointer(to: self) { dnnl_memory_desc_get_size($0) } }

  /// Whether the layout rounds an axis up, as blocked ones do with odd channel counts.
  var isPadded: Bool {
    byteCount != dimensions.reduce(1, *) * MemoryLayout<Float>.stride
  }

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
}

/// A buffer of floats aligned for vector loads. Zeroed, because oneDNN expects zeros in the padding
/// of blocked layouts.
final class AlignedBuffer {
  let floats: UnsafeMutableBufferPointer<Float>
  private let pointer: UnsafeMutableRawPointer

  init(byteCount: Int) throws(TrainingError) {
    let size = max(byteCount, 64)
    var pointer: UnsafeMutableRawPointer?
    guard posix_memalign(&pointer, 64, size) == 0, let pointer else {
      throw .outOfMemory(bytes: size)
    }
    memset(pointer, 0, size)
    self.pointer = pointer
    let count = byteCount / MemoryLayout<Float>.stride
    floats = UnsafeMutableBufferPointer(
      start: pointer.bindMemory(to: Float.self, capacity: count), count: count)
  }

  deinit { free(pointer) }
}

/// A oneDNN memory object and the buffer behind it, which several objects may share.
final class OneDNNMemory {
  let descriptor: MemoryDescriptor
  let handle: dnnl_memory_t
  let buffer: AlignedBuffer

  init(_ descriptor: MemoryDescriptor, in context: OneDNNContext, sharing: AlignedBuffer? = nil)
    throws(TrainingError)
  {
    let size = descriptor.byteCount
    let buffer: AlignedBuffer
    if let sharing {
      guard sharing.floats.count * MemoryLayout<Float>.stride >= size else {
        throw .invalidInput("a shared buffer is smaller than its tensor")
      }
      buffer = sharing
    } else {
      buffer = try AlignedBuffer(byteCount: size)
    }
    var handle: dnnl_memory_t?
    let status = withUnsafePointer(to: descriptor) {
      dnnl_memory_create(&handle, $0, context.engine, buffer.floats.baseAddress)
    }
    try check(status, "create a memory object")
    guard let handle else { throw .outOfMemory(bytes: size) }
    self.descriptor = descriptor
    self.handle = handle
    self.buffer = buffer
  }

  deinit { dnnl_memory_destroy(handle) }
}
