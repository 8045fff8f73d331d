import ModelFormats

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
  private var memory: [UnsafeMutablePointer<Float>] = []

  /// An arena for batches of that many bundles of images.
  init(bundles: Int) {
    self.bundles = bundles
  }

  deinit {
    for pointer in memory { pointer.deallocate() }
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

  /// Allocates what was reserved, all zeros.
  func allocate() throws(RuntimeError) {
    var sizes: [Int] = []
    for slot in slots {
      let size = slot.kind.grid.bufferSize(
        channels: slot.channels, bundles: bundles, limit: Arena.largestBuffer)
      guard let size else { throw .tooLarge(layer: "all layers together") }
      sizes.append(size)
    }
    guard sizes.reduce(0, +) <= Arena.largestTotal else {
      throw .tooLarge(layer: "all layers together")
    }
    memory = sizes.map { AlignedMemory.zeros($0) }
  }

  /// The first float of a buffer.
  subscript(slot: Int) -> UnsafeMutablePointer<Float> { memory[slot] }
}

/// Memory that starts at a cache line, which vectors must not straddle where it can be helped.
enum AlignedMemory {
  static func zeros<Element: BitwiseCopyable & ExpressibleByIntegerLiteral>(
    _ count: Int
  ) -> UnsafeMutablePointer<Element> {
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: 64)
    let pointer = raw.bindMemory(to: Element.self, capacity: count)
    pointer.initialize(repeating: 0, count: count)
    return pointer
  }

  static func copy<Element: BitwiseCopyable & ExpressibleByIntegerLiteral>(
    _ array: [Element]
  ) -> UnsafeMutablePointer<Element> {
    let pointer: UnsafeMutablePointer<Element> = zeros(array.count)
    array.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { pointer.update(from: base, count: source.count) }
    }
    return pointer
  }
}

/// Where a value is.
struct Place {
  let slot: Int
  let grid: Grid
  let channels: Int
  /// Floats from one channel to the next.
  let stride: Int
}
