import Randomness

/// Seeded changes to a JSON text, token by token, so that most results still parse and reach the
/// checks behind the parser.
struct JSONMutation {
  private let tokens: [String]
  private var generator: SeededGenerator

  private static let values = [
    "0", "1", "-1", "2", "3", "6", "7", "-2147483648", "4294967295", "16777216", "16777217",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e30", "1e-50", "0.5",
    "null", "true", "\"\"", "\"input\"", "\"conv\"", "\"fc\"", "\"add\"", "\"relu\"",
    "\"convolution\"", "\"linear\"", "[]", "{}", "[3,3]", "[0,0,0,0]",
  ]

  init(_ text: String, seed: UInt64) {
    var tokens: [String] = []
    var rest = Substring(text)
    while let first = rest.first {
      let end: Substring.Index
      if first == "\"" {
        // The texts that are mutated hold no escapes.
        let close = rest.dropFirst().firstIndex(of: "\"") ?? rest.endIndex
        end = close == rest.endIndex ? close : rest.index(after: close)
      } else if "{}[],:".contains(first) {
        end = rest.index(after: rest.startIndex)
      } else {
        end = rest.firstIndex { "{}[],:\"".contains($0) } ?? rest.endIndex
      }
      tokens.append(String(rest[..<end]))
      rest = rest[end...]
    }
    self.tokens = tokens
    generator = SeededGenerator(seed: seed, stream: "JSON mutation")
  }

  /// The text with one to three tokens changed.
  mutating func next() -> String {
    var result = tokens
    for _ in 0...generator.nextIndex(below: 3) {
      let position = generator.nextIndex(below: result.count)
      switch generator.nextIndex(below: 40) {
      case 0: result.remove(at: position)
      case 1: result.insert(result[position], at: position)
      case 2: result.swapAt(position, generator.nextIndex(below: result.count))
      case 3..<14: result[pick(from: result)] = result[pick(from: result)]
      default:
        result[pick(from: result)] = Self.values[generator.nextIndex(below: Self.values.count)]
      }
    }
    return result.joined()
  }

  /// The position of a token that is no punctuation.
  private mutating func pick(from tokens: [String]) -> Int {
    let values = tokens.indices.filter { !"{}[],:".contains(tokens[$0]) }
    return values[generator.nextIndex(below: values.count)]
  }
}
