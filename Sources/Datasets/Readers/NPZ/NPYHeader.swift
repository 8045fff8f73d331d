/// What stands before the values of a NumPy array file: a Python dictionary as text
/// (numpy.lib.format, "Format Version 1.0"), for example
/// `{'descr': '<i8', 'fortran_order': False, 'shape': (20000,), }`.
struct NPYHeader {
  /// Type of the elements in NumPy's short form, for example `|u1`.
  let type: String
  /// Whether the first index moves fastest.
  let isFortranOrder: Bool
  /// Size of each axis.
  let shape: [Int]

  /// Nil when the text is anything but those three entries.
  init?(_ text: ArraySlice<UInt8>) {
    var reader = Reader(rest: text)
    var type: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    guard reader.takes("{") else { return nil }
    while !reader.takes("}") {
      guard let key = reader.string(), reader.takes(":") else { return nil }
      switch key {
      case "descr": type = reader.string()
      case "fortran_order": isFortranOrder = reader.boolean()
      case "shape": shape = reader.integers()
      default: return nil
      }
      if !reader.takes(",") {
        guard reader.takes("}") else { return nil }
        break
      }
    }
    guard let type, let isFortranOrder, let shape, reader.isAtEnd else { return nil }
    self.type = type
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }

  /// Reads the few Python literals that occur, with any blanks between them.
  private struct Reader {
    var rest: ArraySlice<UInt8>

    private mutating func skipBlanks() {
      rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    }

    var isAtEnd: Bool {
      rest.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    }

    mutating func takes(_ word: StaticString) -> Bool {
      skipBlanks()
      let wanted = Array("\(word)".utf8)
      guard rest.starts(with: wanted) else { return false }
      rest = rest.dropFirst(wanted.count)
      return true
    }

    mutating func string() -> String? {
      skipBlanks()
      guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\""),
        let end = rest.dropFirst().firstIndex(of: quote)
      else { return nil }
      let text = String(validating: rest[rest.startIndex + 1..<end], as: UTF8.self)
      rest = rest[(end + 1)...]
      return text
    }

    mutating func boolean() -> Bool? {
      if takes("True") { return true }
      return takes("False") ? false : nil
    }

    mutating func integers() -> [Int]? {
      guard takes("(") else { return nil }
      var values: [Int] = []
      while !takes(")") {
        skipBlanks()
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard let value = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        values.append(value)
        rest = rest.dropFirst(digits.count)
        // Python 2 marked long numbers so.
        _ = takes("L")
        if !takes(",") {
          guard takes(")") else { return nil }
          break
        }
      }
      return values
    }
  }
}
