import CKernels

/// The memory of a session: buffers that values take turns in. Buffers are shared only between
/// values of one grid, so that the gaps, which nobody writes, stay zero for ever.
final class Arena {
  /// What values in one buffer have in common.
  struct Kind: Hashable {
    let grid: Grid
    /// Whether kernels leave the gaps alone.
    let keepsGaps: Bool
  }

  /// Largest buffer in floats: kernels address with 32-bit offsets.
  static let largestBuffer = Int(Int32.max)
  /// Floats of all buffers together: 16 GB.
  static let largestTotal = 1 << 32

  private struct Slot {
    let kind: Kind
    var channels: Int
    var isFree: Bool
  }

  private let bundles: Int
  private var slots: [Slot] = []
  private var memory: KernelMemory<Float>
  /// Where in the memory each buffer begins.
  private var starts: [Int] = []

  /// An arena for batches of that many bundles of images.
  init(bundles: Int) throws(RuntimeError) {
    self.bundles = bundles
    memory = try KernelMemory(zeros: 0)
  }

  /// Reserves a buffer while planning.
  func reserve(_ kind: Kind, channels: Int, for layer: String) throws(RuntimeError) -> Int {
    // Kernels write whole row groups, of which the largest has four rows.
    let channels = (channels + 3) / 4 * 4
    let size = kind.grid.bufferSize(
      channels: channels, bundles: bundles, limit: Arena.largestBuffer)
    guard size != nil else { throw .tooLarge(layer: layer) }
    if let index = slots.firstIndex(where: { $0.isFree && $0.kind == kind }) {
      slots[index].isFree = false
      slots[index].channels = max(slots[index].channels, channels)
      return index
    }
    slots.append(Slot(kind: kind, channels: channels, isFree: false))
    return slots.count - 1
  }

  /// Gives a buffer back while planning, for a later value.
  func release(_ slot: Int) { slots[slot].isFree = true }

  /// Allocates what was reserved, all zeros, in one piece: the system then gives it large pages,
  /// of which the processor can keep all addresses at hand.
  func allocate() throws(RuntimeError) {
    var total = 0
    for slot in slots {
      let size = slot.kind.grid.bufferSize(
        channels: slot.channels, bundles: bundles, limit: Arena.largestBuffer)
      guard let size else { throw .tooLarge(layer: "all layers together") }
      starts.append(total)
      // Channels have an odd number of cache lines; buffers get one more in turns, so that they do
      // not begin in the same set of the cache either.
      total += size + Grid.widestVector * (1 + 2 * (starts.count % 8))
    }
    guard total <= Arena.largestTotal else { throw .tooLarge(layer: "all layers together") }
    // A strided kernel reads two vectors for one.
    memory = try KernelMemory(zeros: total + 4 * Grid.widestVector)
  }

  /// Bytes that were allocated.
  var memoryBytes: Int { memory.bytes }

  /// The first float of a buffer; to be asked for only after `allocate`.
  subscript(slot: Int) -> UnsafeMutablePointer<Float> {
    memory.start + starts[slot]
  }
}

/// Memory for the kernels, freed with its owner.
final class KernelMemory<Element: BitwiseCopyable> {
  let start: UnsafeMutablePointer<Element>
  let bytes: Int

  /// Zeros. Throws `outOfMemory` when the system has none left.
  init(zeros count: Int) throws(RuntimeError) {
    let bytes = count * MemoryLayout<Element>.stride
    guard let memory = crisp_allocate(bytes) else { throw .outOfMemory(bytes: bytes) }
    start = memory.bindMemory(to: Element.self, capacity: count)
    self.bytes = bytes
  }

  /// A copy of an array.
  convenience init(_ array: [Element]) throws(RuntimeError) {
    try self.init(zeros: array.count)
    array.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { start.update(from: base, count: source.count) }
    }
  }

  deinit { crisp_free(start) }
}

/// Where a value is.
struct Place {
  let slot: Int
  let grid: Grid
  let channels: Int
  /// Floats from one channel to the next.
  let stride: Int
}
