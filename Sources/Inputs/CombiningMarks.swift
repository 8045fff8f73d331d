extension String {
  /// The most combining marks in a row that a stranger's text may have. Any language's names have few,
  /// and Unicode itself draws the line here (UAX #15, "Stream-Safe Text Format"): without one, comparing
  /// texts, which Swift does by what they mean, costs the square of the row.
  public static let mostCombiningMarks = 30

  /// The longest row of characters that combine with the one before them.
  public var combiningMarksInARow: Int {
    // Nothing in ASCII does, and most texts are.
    if utf8.allSatisfy({ $0 < 0x80 }) { return 0 }
    var (longest, row) = (0, 0)
    for scalar in unicodeScalars {
      switch scalar.value {
      // Tibetan vowels that are marks only once they are decomposed.
      case 0x0F73, 0x0F75, 0x0F81: row += 1
      default: row = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : row + 1
      }
      longest = max(longest, row)
    }
    return longest
  }
}
