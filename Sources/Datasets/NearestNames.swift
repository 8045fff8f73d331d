/// The known names closest to a mistyped one, best first: at most three, and only those within a
/// third of the name's length (at least two edits), ignoring case. Only the first 48 bytes of a name
/// count: longer ones are no typing errors.
public func nearestNames(to name: String, in known: [String]) -> [String] {
  let wanted = comparable(name)
  let limit = max(2, wanted.count / 3)
  let ranked = known.enumerated().compactMap { index, candidate -> (Int, Int, String)? in
    let other = comparable(candidate)
    let contains =
      min(wanted.count, other.count) >= 3
      && (holds(wanted, other) || holds(other, wanted))
    let distance = editDistance(wanted, other, limit: limit)
    guard contains || distance <= limit else { return nil }
    return (contains ? min(distance, 1) : distance, index, candidate)
  }
  return ranked.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(3).map(\.2)
}

private let comparedBytes = 48

/// The beginning of a name in lower case, in bytes: those are quick to compare, and people mistype
/// bytes of ASCII nearly always.
private func comparable(_ name: String) -> [UInt8] {
  let beginning = String(decoding: name.utf8.prefix(comparedBytes), as: UTF8.self)
  return Array(beginning.lowercased().utf8.prefix(comparedBytes))
}

/// Whether one text has the other in it.
private func holds(_ text: [UInt8], _ part: [UInt8]) -> Bool {
  guard part.count <= text.count else { return false }
  return (0...text.count - part.count).contains { start in
    text[start..<start + part.count].elementsEqual(part)
  }
}

/// Levenshtein distance, exact up to `limit`: what lies farther than that from the table's diagonal
/// is not computed. More than `limit` may come as `limit + 1`.
private func editDistance(_ a: [UInt8], _ b: [UInt8], limit: Int) -> Int {
  let far = limit + 1
  guard abs(a.count - b.count) <= limit else { return far }
  var previous = (0...b.count).map { min($0, far) }
  var current = [Int](repeating: far, count: b.count + 1)
  for i in 0..<a.count {
    let columns = max(0, i - limit)..<min(b.count, i + limit + 1)
    current[columns.lowerBound] = columns.lowerBound == 0 ? min(i + 1, far) : far
    var least = current[columns.lowerBound]
    for j in columns {
      let value = min(
        previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1), far)
      current[j + 1] = value
      least = min(least, value)
    }
    if columns.upperBound < b.count { current[columns.upperBound + 1] = far }
    if least == far { return far }
    swap(&previous, &current)
  }
  return previous[b.count]
}
