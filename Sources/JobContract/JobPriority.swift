/// What a request may say of its urgency. Every waiting job of a higher priority goes before those of
/// a lower one; within one, users take turns.
package enum JobPriority: Int, CaseIterable, Sendable {
  /// After all others.
  case low = -1
  /// Unless the request says otherwise.
  case normal = 0
  /// Before all others.
  case high = 1

  /// As requests and answers spell it.
  package var name: String {
    switch self {
    case .low: "low"
    case .normal: "normal"
    case .high: "high"
    }
  }

  /// Nil for a name that no priority has.
  package init?(name: String) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  /// What a job's number means.
  package init(storing number: Int) { self = number < 0 ? .low : number > 0 ? .high : .normal }
}
