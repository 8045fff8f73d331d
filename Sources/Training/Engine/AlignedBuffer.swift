import Foundation

/// Bytes aligned for vector loads, zeroed when new, because oneDNN expects zeros in the padding of
/// blocked layouts. Every pass that writes such a layout writes those zeros too, so a buffer may
/// serve one tensor after another. What is allocated is booked in the `MemoryAccount` of the work.
final class AlignedBuffer {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int
  private let pool: BufferPool?
  private let account: MemoryAccount?

  /// Memory of its own.
  convenience init(byteCount: Int) throws(TrainingError) {
    let account = MemoryAccount.current
    self.init(
      try AlignedBuffer.allocate(byteCount, account), byteCount: byteCount, pool: nil,
      account: account)
  }

  fileprivate init(
    _ pointer: UnsafeMutableRawPointer, byteCount: Int, pool: BufferPool?,
    account: MemoryAccount? = nil
  ) {
    self.pointer = pointer
    self.byteCount = byteCount
    self.pool = pool
    self.account = account
  }

  /// The bytes as 32-bit floats.
  var floats: UnsafeMutableBufferPointer<Float> {
    let count = byteCount / MemoryLayout<Float>.stride
    return UnsafeMutableBufferPointer(
      start: pointer.bindMemory(to: Float.self, capacity: count), count: count)
  }

  deinit {
    guard let pool else {
      free(pointer)
      account?.release(byteCount)
      return
    }
    pool.takeBack(pointer, byteCount: byteCount)
  }

  /// Large buffers start on huge pages: a step touches all of them, and with 4 KiB pages the
  /// processor spends a tenth of its time on translations.
  fileprivate static func allocate(_ byteCount: Int, _ account: MemoryAccount?)
    throws(TrainingError) -> UnsafeMutableRawPointer
  {
    try account?.reserve(byteCount)
    let hugePage = 2 << 20
    let size = max(byteCount, 64)
    let isLarge = size >= hugePage
    var pointer: UnsafeMutableRawPointer?
    guard posix_memalign(&pointer, isLarge ? hugePage : 64, size) == 0, let pointer else {
      account?.release(byteCount)
      throw .outOfMemory(bytes: size)
    }
    if isLarge { madvise(pointer, size, MADV_HUGEPAGE) }
    memset(pointer, 0, size)
    return pointer
  }
}

/// Memory that the tensors of all programs of a network share.
///
/// Programs are compiled in the order in which they run, and only one is under way at a time. So
/// when the compiler has dropped its last reference to a tensor, no later step can read it, and the
/// next tensor may have its bytes: the reference count of a buffer is its lifetime in the program.
final class BufferPool {
  private var free: [(pointer: UnsafeMutableRawPointer, byteCount: Int)] = []
  private let account = MemoryAccount.current

  /// The smallest free buffer that is large enough without wasting half of it, or a new one.
  func buffer(byteCount: Int) throws(TrainingError) -> AlignedBuffer {
    let fitting = free.indices.filter {
      free[$0].byteCount >= byteCount && free[$0].byteCount / 2 <= byteCount
    }
    if let best = fitting.min(by: { free[$0].byteCount < free[$1].byteCount }) {
      let found = free.remove(at: best)
      return AlignedBuffer(found.pointer, byteCount: found.byteCount, pool: self)
    }
    let size = max(byteCount, 64)
    return AlignedBuffer(try AlignedBuffer.allocate(size, account), byteCount: size, pool: self)
  }

  fileprivate func takeBack(_ pointer: UnsafeMutableRawPointer, byteCount: Int) {
    free.append((pointer, byteCount))
  }

  deinit {
    for buffer in free {
      Foundation.free(buffer.pointer)
      account?.release(buffer.byteCount)
    }
  }
}
