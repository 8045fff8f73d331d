import Synchronization

/// What one thing takes of a budget, until it is given back or nobody holds this any more.
final class MemoryReservation: Sendable {
  private let budget: MemoryBudget
  private let address: String
  private let user: String?
  private let taken = Mutex(0)

  init(_ budget: MemoryBudget, address: String, user: String?) {
    self.budget = budget
    self.address = address
    self.user = user
  }

  deinit { end() }

  /// Takes what is missing to so many bytes; never gives back.
  func grow(to bytes: Int) throws(MemoryBudget.Excess) {
    try taken.withLock { taken throws(MemoryBudget.Excess) in
      guard bytes > taken else { return }
      try budget.take(bytes - taken, address: address, user: user)
      taken = bytes
    }
  }

  /// Gives everything back; once.
  func end() {
    let count = taken.withLock { taken in
      defer { taken = 0 }
      return taken
    }
    // Giving back is never refused.
    if count > 0 { try? budget.take(-count, address: address, user: user) }
  }
}
