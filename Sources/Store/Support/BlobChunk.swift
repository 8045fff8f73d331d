import Digests
import Foundation

/// Bytes of a blob that are filed together.
package struct BlobChunk {
  /// How many chunks come before.
  package let position: Int64
  package let bytes: Data

  /// Cuts what `next` hands out. `write` takes every full chunk that more bytes follow.
  /// - Returns: The blob, and its last chunk, which nobody has taken yet.
  /// - Throws: What `next` and `write` throw; ``StoreError/diskFull`` for more bytes than numbers count.
  package static func cut(
    every size: Int, _ next: () throws -> Data?, write: (BlobChunk) throws -> Void
  ) throws -> (blob: BlobRecord, last: BlobChunk) {
    var hasher = SHA256()
    var pending = Data()
    var (position, written): (Int64, Int64) = (0, 0)
    func sum() throws -> Int64 {
      let (sum, overflow) = written.addingReportingOverflow(Int64(pending.count))
      guard !overflow else { throw StoreError.diskFull }
      return sum
    }
    while let piece = try next() {
      hasher.update(piece)
      var rest = piece[...]
      while !rest.isEmpty {
        if pending.count == size {
          let total = try sum()
          try write(BlobChunk(position: position, bytes: pending))
          written = total
          position += 1
          pending.removeAll(keepingCapacity: true)
        }
        let taken = rest.prefix(size - pending.count)
        pending.append(taken)
        rest = rest.dropFirst(taken.count)
      }
    }
    let blob = BlobRecord(digest: hasher.finalize(), size: try sum())
    return (blob, BlobChunk(position: position, bytes: pending))
  }
}
