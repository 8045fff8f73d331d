/// Work that waits, by whose it is: each party's oldest in turn, so that nobody waits for more than one
/// piece of each other's.
struct FairQueue {
  /// Parties with work, in the order of their turns.
  private var order: [String] = []
  private var turns: [String: [WorkTurn]] = [:]
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// All that waits, in no order.
  var all: [WorkTurn] { turns.values.flatMap { $0 } }

  /// How much of a party's waits.
  func count(of party: String) -> Int { turns[party]?.count ?? 0 }

  mutating func append(_ turn: WorkTurn) {
    if turns[turn.party] == nil { order.append(turn.party) }
    turns[turn.party, default: []].append(turn)
    count += 1
  }

  mutating func next() -> WorkTurn? {
    guard !order.isEmpty else { return nil }
    let party = order.removeFirst()
    guard var own = turns[party], !own.isEmpty else { return nil }
    let turn = own.removeFirst()
    turns[party] = own.isEmpty ? nil : own
    if !own.isEmpty { order.append(party) }
    count -= 1
    return turn
  }

  mutating func removeAll(where isMeant: (WorkTurn) -> Bool) {
    for (party, own) in turns {
      let rest = own.filter { !isMeant($0) }
      guard rest.count < own.count else { continue }
      count -= own.count - rest.count
      turns[party] = rest.isEmpty ? nil : rest
      if rest.isEmpty { order.removeAll { $0 == party } }
    }
  }
}
