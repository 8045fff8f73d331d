import Foundation
import Synchronization

/// The chunks that downloads read last: clients that fetch the same blob share them, and one that
/// reads slowly can have a chunk again without SQLite reading it again.
final class ChunkCache: Sendable {
  /// A chunk's place. A blob's number never comes to mean other bytes.
  struct Key: Hashable {
    let blob: Int64
    let index: Int64
  }

  private struct Entry {
    let data: Data
    var use: UInt64
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var uses: UInt64 = 0
  }

  private let capacity: Int
  private let state = Mutex(State())

  /// - Parameter capacity: chunks that stay.
  init(capacity: Int) { self.capacity = max(1, capacity) }

  /// The chunk, read when it is not here. Two callers may read the same one at once; neither waits.
  func chunk(_ key: Key, read: () throws -> Data) throws -> Data {
    if let data = find(key) { return data }
    let data = try read()
    state.withLock { state in
      state.uses += 1
      state.entries[key] = Entry(data: data, use: state.uses)
      if state.entries.count > capacity,
        let oldest = state.entries.min(by: { $0.value.use < $1.value.use })
      {
        state.entries[oldest.key] = nil
      }
    }
    return data
  }

  private func find(_ key: Key) -> Data? {
    state.withLock { state in
      guard let data = state.entries[key]?.data else { return nil }
      state.uses += 1
      state.entries[key]?.use = state.uses
      return data
    }
  }
}
