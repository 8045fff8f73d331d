import Foundation
import Store
import Synchronization

/// Memory for chunks on their way to clients: a few blocks that go round. Fresh ones cost a page fault
/// for every 4 KiB, which was a quarter of a download's processor time.
final class ChunkMemory: Sendable {
  private struct Block: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
  }

  private let size: Int
  private let spare: Int
  private let free = Mutex<[Block]>([])

  /// - Parameters:
  ///   - size: bytes in a block.
  ///   - spare: blocks that are kept while nobody needs them.
  init(size: Int, spare: Int) {
    self.size = size
    self.spare = spare
  }

  deinit {
    for block in free.withLock({ $0 }) { block.base.deallocate() }
  }

  /// Bytes that `fill` writes, all `count` of them. The block comes back when nobody has them any more.
  /// - Throws: ``StoreError/databaseCorrupt(reason:)`` for more bytes than a block has; what `fill`
  ///   throws.
  func data(count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws -> Data {
    guard (0...size).contains(count) else {
      throw StoreError.databaseCorrupt(reason: "a chunk has \(count) bytes")
    }
    let block =
      free.withLock { $0.popLast() } ?? Block(base: .allocate(byteCount: size, alignment: 64))
    do {
      try fill(UnsafeMutableRawBufferPointer(start: block.base, count: count))
    } catch {
      giveBack(block)
      throw error
    }
    return Data(
      bytesNoCopy: block.base, count: count, deallocator: .custom { _, _ in self.giveBack(block) })
  }

  private func giveBack(_ block: Block) {
    let isKept = free.withLock { free in
      guard free.count < spare else { return false }
      free.append(block)
      return true
    }
    if !isKept { block.base.deallocate() }
  }
}
