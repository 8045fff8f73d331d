import Synchronization

/// Lists of names of what the operator registered, decoded: tens of thousands of labels, which requests need
/// one after the other and which never change.
final class ListCache: Sendable {
  private struct Entry {
    let list: [String]
    var use: UInt64
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var uses: UInt64 = 0
  }

  private let capacity: Int
  private let state = Mutex(State())

  /// - Parameter capacity: lists that stay.
  init(capacity: Int) { self.capacity = max(1, capacity) }

  /// The list of a key, which stands for its content. Two callers may read the same one at once; neither
  /// waits.
  func list(_ key: String, read: () throws -> [String]) throws -> [String] {
    let known = state.withLock { state -> [String]? in
      state.uses += 1
      state.entries[key]?.use = state.uses
      return state.entries[key]?.list
    }
    if let known { return known }
    let list = try read()
    state.withLock { state in
      state.entries[key] = Entry(list: list, use: state.uses)
      if state.entries.count > capacity,
        let oldest = state.entries.min(by: { $0.value.use < $1.value.use })
      {
        state.entries[oldest.key] = nil
      }
    }
    return list
  }
}
