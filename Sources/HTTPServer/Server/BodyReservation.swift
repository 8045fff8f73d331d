/// What one body takes, until it is answered or nobody holds the request that it belongs to.
///
/// What counts is what has been received, in steps: twice of it, as buffers grow, and at most what
/// the request announced. So a client that announces much and sends nothing takes next to nothing from
/// others, and one that sends finds room for the rest early.
final class BodyReservation: Sendable {
  /// What a body takes from its first byte on, if it is not shorter.
  static let least = 64 * 1024

  private let announced: Int
  private let memory: MemoryReservation

  /// - Parameters:
  ///   - announced: the body's length; its limit where the length is not known.
  /// - Throws: if a known length does not fit now.
  init(
    _ budget: MemoryBudget, address: String, user: String?, announced: Int, isExact: Bool
  ) throws(MemoryBudget.Excess) {
    self.announced = announced
    memory = MemoryReservation(budget, address: address, user: user)
    if isExact { try budget.check(announced, address: address, user: user) }
  }

  /// Gives everything back; once.
  func end() { memory.end() }

  /// Takes what a body needs of which so much has come.
  func grow(to received: Int) throws(MemoryBudget.Excess) {
    guard received > 0 else { return }
    try memory.grow(
      to: min(announced, max(Self.least, received > announced / 2 ? announced : 2 * received)))
  }
}

extension MemoryBudget.Excess {
  /// The answer to a body that finds no room.
  var bodyProblem: ProblemDetails {
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
