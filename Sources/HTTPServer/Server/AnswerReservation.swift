extension MemoryReservation {
  /// Longest answer in memory that is not counted: the number of connections is bound enough for those.
  static let freeAnswer = 64 * 1024

  /// What an answer in memory takes from the moment it is made until the client has it, or will not; nil
  /// for a short one.
  ///
  /// Answers are as long as what they tell of, and a client that reads slowly keeps them in memory for as
  /// long as it likes, within its time for each piece.
  /// - Throws: if there is no room for so many bytes now.
  static func answer(
    _ budget: MemoryBudget, bytes: Int, address: String
  ) throws(MemoryBudget.Excess) -> MemoryReservation? {
    guard bytes > freeAnswer else { return nil }
    let reservation = MemoryReservation(budget, address: address, user: nil)
    try reservation.grow(to: bytes)
    return reservation
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
