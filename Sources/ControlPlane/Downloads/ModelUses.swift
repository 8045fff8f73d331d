import Store
import Synchronization

/// Which models were used since the last time it was written down. Reading a model writes nothing:
/// the time of its last use is known to the round of tidying up, which is near enough for days.
package final class ModelUses: Sendable {
  /// Models that are remembered; further ones count as used at the next time somebody uses them.
  private static let capacity = 100_000

  private let used = Mutex<Set<ModelID>>([])

  /// None yet.
  package init() {}

  /// Remembers that a model is used now.
  package func note(_ id: ModelID) {
    used.withLock { used in
      if used.count < Self.capacity { used.insert(id) }
    }
  }

  /// All of them, which are then forgotten.
  package func take() -> [ModelID] {
    used.withLock { used in
      defer { used = [] }
      return Array(used)
    }
  }
}
