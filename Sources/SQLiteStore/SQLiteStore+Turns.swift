import GRDB
import Store

// Start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996). A turn is a job's virtual start: no
// earlier than the turn the queue is at, and later than the owner's job before by that job's cost.
// Whoever was away starts where the queue is, with neither credit nor debt.
extension Database {
  /// The turn of the user's next job, which costs `cost` turns.
  func nextTurn(of user: String, priority: Int, cost: Int) throws -> Int64 {
    let queue = try number("SELECT turn FROM queue_turns WHERE priority = ?", [priority])
    let own = try first(
      "SELECT turn FROM user_turns WHERE user = ? AND priority = ?", [user, priority]
    )?.integer("turn")
    let turn = max(queue, own ?? 0)
    let (next, overflows) = turn.addingReportingOverflow(Int64(cost))
    try run(
      """
      INSERT INTO user_turns (user, priority, turn) VALUES (?, ?, ?)
      ON CONFLICT (user, priority) DO UPDATE SET turn = excluded.turn
      """, [user, priority, overflows ? .max : next])
    return turn
  }

  /// Gives the owner of a job that never ran the turns back that it would have cost.
  func refundTurns(ofJob job: Int64) throws {
    try run(
      """
      UPDATE user_turns SET turn = max(0, user_turns.turn - j.cost)
      FROM (SELECT owner, priority, cost FROM jobs WHERE number = ? AND attempt = 0) j
      WHERE user_turns.user = j.owner AND user_turns.priority = j.priority
      """, [job])
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
