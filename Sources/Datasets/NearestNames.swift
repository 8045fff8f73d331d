/// The known names closest to a mistyped one, best first: at most three, and only those within a
/// third of the name's length (at least two edits), ignoring case.
public func nearestNames(to name: String, in known: [String]) -> [String] {
  // Long input is no typing error, and edit distance is quadratic.
  let wanted = Array(name.lowercased().prefix(200))
  let limit = max(2, wanted.count / 3)
  let ranked = known.enumerated().compactMap { index, candidate -> (Int, Int, String)? in
    let lowered = Array(candidate.lowercased().prefix(200))
    let distance = editDistance(wanted, lowered)
    let contains =
      wanted.count >= 3 && lowered.count >= 3
      && (candidate.lowercased().contains(name.lowercased())
        || name.lowercased().contains(candidate.lowercased()))
    guard distance <= limit || contains else { return nil }
    return (contains ? min(distance, 1) : distance, index, candidate)
  }
  return ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(3).map(\.2)
}

/// Levenshtein distance with two rows.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var previous = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var current = [i + 1]
    current.reserveCapacity(b.count + 1)
    for (j, y) in b.enumerated() {
      current.append(min(previous[j + 1] + 1, current[j] + 1, previous[j] + (x == y ? 0 : 1)))
    }
    previous = current
  }
  return previous[b.count]
}
