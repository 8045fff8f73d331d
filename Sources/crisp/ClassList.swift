import ArgumentParser

/// `a,b=3,c`: class names with optional weights.
struct ClassList: ExpressibleByArgument {
  let entries: [(name: String, weight: Double)]

  init?(argument: String) {
    var entries: [(String, Double)] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "=", maxSplits: 1)
      guard let first = pieces.first else { return nil }
      let name = first.drop { $0 == " " }
      guard !name.isEmpty else { return nil }
      if pieces.count == 2 {
        guard let weight = Double(pieces[1]) else { return nil }
        entries.append((String(name), weight))
      } else {
        entries.append((String(name), 1))
      }
    }
    self.entries = entries
  }

  var names: [String] { entries.map(\.name) }
}
