import Synchronization

/// What was read last, for those who ask again: of a key that comes to mean something else nothing is here.
package final class RecentCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct Entry {
    let value: Value
    var use: UInt64
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var uses: UInt64 = 0
  }

  private let capacity: Int
  private let state = Mutex(State())

  /// - Parameter capacity: values that stay.
  package init(capacity: Int) { self.capacity = max(1, capacity) }

  /// The value, read when it is not here. Two callers may read the same one at once; neither waits.
  package func value(_ key: Key, read: () throws -> Value) throws -> Value {
    if let value = find(key) { return value }
    let value = try read()
    state.withLock { state in
      state.uses += 1
      state.entries[key] = Entry(value: value, use: state.uses)
      if state.entries.count > capacity,
        let oldest = state.entries.min(by: { $0.value.use < $1.value.use })
      {
        state.entries[oldest.key] = nil
      }
    }
    return value
  }

  private func find(_ key: Key) -> Value? {
    state.withLock { state in
      guard let value = state.entries[key]?.value else { return nil }
      state.uses += 1
      state.entries[key]?.use = state.uses
      return value
    }
  }
}
