import Synchronization

/// Memory that something of clients' may take: of all together, of one address and of one user.
final class MemoryBudget: Sendable {
  /// Which of the bounds has no room.
  enum Excess: Error, Equatable {
    case all
    case address
    case user
  }

  private struct State {
    var all = 0
    var addresses: [String: Int] = [:]
    var users: [String: Int] = [:]
  }

  private let most: (all: Int, address: Int, user: Int)
  private let state = Mutex(State())

  /// - Parameters: bytes of all, of one address, of one user.
  init(all: Int, address: Int, user: Int = .max) { most = (all, address, user) }

  /// Bytes that are taken.
  var bytes: Int { state.withLock { $0.all } }

  /// Takes more, or gives back with a negative count.
  func take(_ count: Int, address: String, user: String?) throws(Excess) {
    let excess = state.withLock { state -> Excess? in
      if count > 0, let excess = self.excess(of: count, address, user, state) { return excess }
      state.all += count
      Self.add(count, address, &state.addresses)
      if let user { Self.add(count, user, &state.users) }
      return nil
    }
    if let excess { throw excess }
  }

  /// Whether that much could be taken now. It is not.
  func check(_ count: Int, address: String, user: String?) throws(Excess) {
    if let excess = state.withLock({ excess(of: count, address, user, $0) }) { throw excess }
  }

  /// The client's own bounds first: only the operator can do something about the other.
  private func excess(of count: Int, _ address: String, _ user: String?, _ state: State)
    -> Excess?
  {
    if let user, count > most.user - (state.users[user] ?? 0) { return .user }
    if count > most.address - (state.addresses[address] ?? 0) { return .address }
    return count > most.all - state.all ? .all : nil
  }

  private static func add(_ count: Int, _ key: String, _ counts: inout [String: Int]) {
    let sum = (counts[key] ?? 0) + count
    counts[key] = sum > 0 ? sum : nil
  }
}
