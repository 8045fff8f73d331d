import Foundation

/// Whether lines that shall name the sorted class folders by their places say other folders' names:
/// `cat, Bee, ant` for the folders `ant, bee, cat` would call the ants cats. Which of the two is
/// meant is never guessed.
enum FolderNameMatch {
  /// Both readings of the first line that says, or nearly says, the name of a folder at another place
  /// and not as well that of its own; nil where every line can only be meant by its place.
  static func conflict(lines: [String], folders: [String]) -> String? {
    let keys = folders.map(Key.init)
    var exact: [[UInt8]: Int] = [:]
    for (place, key) in keys.enumerated() where !key.letters.isEmpty { exact[key.letters] = place }
    for (place, line) in lines.enumerated() where place < folders.count {
      let key = Key(line)
      let own = key.distance(to: keys[place])
      guard own > 0 else { continue }
      let equal = exact[key.letters].map { (place: $0, distance: 0) }
      let near =
        equal
        ?? (own <= 1 || folders.count > mostCompared
          ? nil
          : keys.indices.first { $0 != place && key.distance(to: keys[$0]) <= 1 }
            .map { (place: $0, distance: 1) })
      guard let near else { continue }
      let meant = folders[near.place]
      return
        "line '\(line)' \(meant == line ? "is" : "is nearly") the class folder '\(meant)', but "
        + "it stands where names are given by place, and would call the folder '\(folders[place])' "
        + "'\(line)': write the folder names exactly to keep them, or 'FOLDER NAME' on every line "
        + "to give others"
    }
    return nil
  }

  /// More folders than these are compared for equality alone: slips need every pair.
  private static let mostCompared = 4096

  /// A name without case, accents, blanks and punctuation, nor the number before it that some lists
  /// have (`3 cat`, `3: cat`).
  private struct Key {
    let letters: [UInt8]

    init(_ name: String) {
      let folded = name.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil)
      var words = folded.split { !$0.isLetter && !$0.isNumber }
      if words.count > 1, words[0].allSatisfy(\.isNumber) { words.removeFirst() }
      letters = Array(words.joined().utf8)
    }

    /// 0 for equal names, 1 for a slip of one letter, and 2 for anything else. Short names differ
    /// by a letter on purpose, as do those whose numbers differ (`class1`, `class2`).
    func distance(to other: Key) -> Int {
      if letters == other.letters { return letters.isEmpty ? 2 : 0 }
      let (a, b) = (letters, other.letters)
      guard min(a.count, b.count) >= 4, abs(a.count - b.count) <= 1 else { return 2 }
      let head = zip(a, b).prefix { $0 == $1 }.count
      let tail = zip(a.dropFirst(head).reversed(), b.dropFirst(head).reversed())
        .prefix { $0 == $1 }.count
      let changed = a[head..<a.count - tail] + b[head..<b.count - tail]
      let isDigit = changed.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      return !isDigit && max(a.count, b.count) - head - tail <= 1 ? 1 : 2
    }
  }
}
