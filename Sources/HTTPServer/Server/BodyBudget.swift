import Synchronization

/// Memory that the bodies of requests may take: all together, of one address and of one user.
///
/// What counts is what has been received, in steps: twice of it, as buffers grow, and at most what
/// the request announced. So a client that announces much and sends nothing takes next to nothing from
/// others, and one that sends finds room for the rest early.
final class BodyBudget: Sendable {
  /// Which of the bounds has no room.
  enum Excess: Error, Equatable {
    case all
    case address
    case user

    var problem: ProblemDetails {
      switch self {
      case .all:
        ProblemDetails(
          .serviceUnavailable, code: "body_memory_full",
          detail: "The server has no memory for this body while it receives others; try again.",
          retryAfter: 1)
      case .address:
        ProblemDetails(
          .tooManyRequests, code: "body_memory_of_address_full",
          detail: "Your address sends too much at once; wait until what was sent is answered.",
          retryAfter: 1)
      case .user:
        ProblemDetails(
          .tooManyRequests, code: "body_memory_of_user_full",
          detail: "You send too much at once; wait until what was sent is answered.",
          retryAfter: 1)
      }
    }
  }

  private struct State {
    var all = 0
    var addresses: [String: Int] = [:]
    var users: [String: Int] = [:]
  }

  private let limits: Limits
  private let state = Mutex(State())

  init(limits: Limits) { self.limits = limits }

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
    if let user, count > limits.bodyMemoryPerUser - (state.users[user] ?? 0) { return .user }
    if count > limits.bodyMemoryPerAddress - (state.addresses[address] ?? 0) { return .address }
    return count > limits.bodyMemory - state.all ? .all : nil
  }

  private static func add(_ count: Int, _ key: String, _ counts: inout [String: Int]) {
    let sum = (counts[key] ?? 0) + count
    counts[key] = sum > 0 ? sum : nil
  }
}

/// What one body takes, until it is answered or nobody holds the request that it belongs to.
final class BodyReservation: Sendable {
  /// What a body takes from its first byte on, if it is not shorter.
  static let least = 64 * 1024

  private let budget: BodyBudget
  private let address: String
  private let user: String?
  private let announced: Int
  private let taken = Mutex(0)

  /// - Parameters:
  ///   - announced: the body's length; its limit where the length is not known.
  /// - Throws: if a known length does not fit now.
  init(
    _ budget: BodyBudget, address: String, user: String?, announced: Int, isExact: Bool
  ) throws(BodyBudget.Excess) {
    self.budget = budget
    self.address = address
    self.user = user
    self.announced = announced
    if isExact { try budget.check(announced, address: address, user: user) }
  }

  deinit { end() }

  /// Gives everything back; once.
  func end() {
    let count = taken.withLock { taken in
      defer { taken = 0 }
      return taken
    }
    // Giving back is never refused.
    if count > 0 { try? budget.take(-count, address: address, user: user) }
  }

  /// Takes what a body needs of which so much has come.
  func grow(to received: Int) throws(BodyBudget.Excess) {
    guard received > 0 else { return }
    let wanted = min(
      announced, max(Self.least, received > announced / 2 ? announced : 2 * received))
    try taken.withLock { taken throws(BodyBudget.Excess) in
      guard wanted > taken else { return }
      try budget.take(wanted - taken, address: address, user: user)
      taken = wanted
    }
  }
}
