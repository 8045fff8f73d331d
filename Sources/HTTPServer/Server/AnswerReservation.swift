import Synchronization

/// What an answer in memory takes from the moment it is made until the client has it, or will not.
///
/// Answers are as long as what they tell of, and a client that reads slowly keeps them in memory for as
/// long as it likes, within its time for each piece.
final class AnswerReservation: Sendable {
  /// Longest answer that is not counted: the number of connections is bound enough for those.
  static let free = 64 * 1024

  private let budget: MemoryBudget
  private let address: String
  private let taken: Mutex<Int>

  /// Takes memory for an answer.
  /// - Throws: if there is none for so many bytes now.
  init(_ budget: MemoryBudget, bytes count: Int, address: String) throws(MemoryBudget.Excess) {
    self.budget = budget
    self.address = address
    try budget.take(count, address: address, user: nil)
    taken = Mutex(count)
  }

  deinit { end() }

  /// Gives everything back; once.
  func end() {
    let count = taken.withLock { taken in
      defer { taken = 0 }
      return taken
    }
    // Giving back is never refused.
    if count > 0 { try? budget.take(-count, address: address, user: nil) }
  }
}

extension MemoryBudget.Excess {
  /// In place of an answer that finds no room.
  var answerProblem: ProblemDetails {
    switch self {
    case .all:
      ProblemDetails(
        .serviceUnavailable, code: "answer_memory_full",
        detail: "The server has no memory for this answer while others are being read; try again.",
        retryAfter: 1)
    // No user is named for answers.
    case .address, .user:
      ProblemDetails(
        .serviceUnavailable, code: "answer_memory_of_address_full",
        detail:
          "Your address waits for too much at once; read the answers you have asked for first.",
        retryAfter: 1)
    }
  }
}
