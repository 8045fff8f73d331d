import Synchronization

/// Which models, or tokens, were used since the last time it was written down. Using one writes nothing:
/// the time of its last use is known to the round of tidying up, which is near enough for days.
package final class Uses<ID: Hashable & Sendable>: Sendable {
  private let capacity: Int
  private let used = Mutex<Set<ID>>([])

  /// None yet.
  /// - Parameter capacity: How many are remembered; further ones count as used at the next time somebody
  ///   uses them.
  package init(capacity: Int = 100_000) { self.capacity = capacity }

  /// Remembers that one is used now.
  package func note(_ id: ID) {
    used.withLock { used in
      if used.count < capacity { used.insert(id) }
    }
  }

  /// All of them, which are then forgotten.
  package func take() -> [ID] {
    used.withLock { used in
      defer { used = [] }
      return Array(used)
    }
  }
}
