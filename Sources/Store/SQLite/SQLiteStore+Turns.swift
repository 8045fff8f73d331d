import GRDB

// Start-time fair queueing with every job of the same cost. A turn is a job's virtual start: no
// earlier than the turn the queue is at, and later than the owner's turn before. Whoever was away
// starts where the queue is, with neither credit nor debt.
extension Database {
  /// The turn of the user's next job.
  func nextTurn(of user: String, priority: Int) throws -> Int64 {
    let queue = try number("SELECT turn FROM queue_turns WHERE priority = ?", [priority])
    let own = try first(
      "SELECT turn FROM user_turns WHERE user = ? AND priority = ?", [user, priority]
    )?.integer("turn")
    let turn = max(queue, own.map { $0 + 1 } ?? 0)
    try run(
      """
      INSERT INTO user_turns (user, priority, turn) VALUES (?, ?, ?)
      ON CONFLICT (user, priority) DO UPDATE SET turn = excluded.turn
      """, [user, priority, turn])
    return turn
  }

  /// Takes the queue to the turn of a job that a worker takes.
  func advanceTurn(priority: Int, to turn: Int64) throws {
    try run(
      """
      INSERT INTO queue_turns (priority, turn) VALUES (?, ?)
      ON CONFLICT (priority) DO UPDATE SET turn = max(turn, excluded.turn)
      """, [priority, turn])
  }
}
