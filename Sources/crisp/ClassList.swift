import ArgumentParser
import ClassWeights

/// `a,b=3,c`: class names with optional weights.
struct ClassList: ExpressibleByArgument {
  let entries: [ClassWeight]

  init?(argument: String) {
    var entries: [ClassWeight] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "=", maxSplits: 1)
      guard let first = pieces.first else { return nil }
      let name = first.drop { $0 == " " }
      guard !name.isEmpty else { return nil }
      if pieces.count == 2 {
        guard let weight = Double(pieces[1]) else { return nil }
        entries.append(ClassWeight(name: String(name), weight: weight))
      } else {
        entries.append(ClassWeight(name: String(name)))
      }
    }
    self.entries = entries
  }

  var names: [String] { entries.map(\.name) }
}
