import CKernels

/// What keeps a grid's gaps zero: all bits set at every pixel's position, none in the gaps and in the
/// margin behind. Steps are given masks while a network is planned; they take memory only once the
/// activations, which are larger, have been found to have room.
final class Mask {
  private let grid: Grid
  private var memory: KernelMemory<Int32>?

  init(_ grid: Grid) { self.grid = grid }

  /// The first image's first pixel; nil before `allocate`.
  var start: UnsafePointer<Int32>? { memory.map { UnsafePointer($0.start) } }

  /// Makes the mask for that many bundles of images; answers its bytes.
  func allocate(bundles: Int) throws(RuntimeError) -> Int {
    let memory = try KernelMemory<Int32>(zeros: bundles * grid.imagePitch + grid.margin)
    for image in 0..<bundles {
      for row in 0..<grid.height {
        (memory.start + image * grid.imagePitch + row * grid.pitch)
          .update(repeating: -1, count: grid.width * grid.cell)
      }
    }
    self.memory = memory
    return memory.bytes
  }
}
