/// What a request may say of its urgency. Every waiting job of a higher priority goes before those of
/// a lower one; within one, users take turns.
enum JobPriority: Int, CaseIterable {
  case low = -1
  case normal = 0
  case high = 1

  /// As requests and answers spell it.
  var name: String {
    switch self {
    case .low: "low"
    case .normal: "normal"
    case .high: "high"
    }
  }

  init?(name: String) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  /// What a job's number means.
  init(storing number: Int) { self = number < 0 ? .low : number > 0 ? .high : .normal }
}
