import Foundation
import Store

/// A chunk's place. A blob's number never comes to mean other bytes.
struct ChunkPlace: Hashable {
  let blob: Int64
  let index: Int64
}

/// The chunks that downloads read last: clients that fetch the same blob share them, and one that
/// reads slowly can have a chunk again without SQLite reading it again.
typealias ChunkCache = RecentCache<ChunkPlace, Data>
