/// Parses a safetensors header. The grammar is two objects deep, so this reads bytes directly:
/// a general JSON decoder would drop duplicate names and turn offsets into floating point.
struct HeaderParser {
  /// Dimensions of one tensor: as many as PyTorch and numpy 2 have. A text is then not turned into
  /// many times its size.
  private static let mostNumbers = 64
  /// Texts under `__metadata__`; a table of many short ones takes many times their size.
  private static let mostTexts = 4096

  private let bytes: [UInt8]
  private var position = 0

  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [String: SafetensorsFile.Entry] = [:]

  /// Parses the whole header; `bytes` may end in white space (the format pads with it).
  init(_ bytes: [UInt8]) throws(FormatError) {
    // Validated as a whole, so that slices decode without replacement characters.
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .headerNotUTF8 }
    self.bytes = bytes
    skipSpace()
    guard peek == UInt8(ascii: "{") else {
      // Any other JSON value starts with one of these; the rest is no JSON at all.
      let starts = "[\"-0123456789tfn".utf8
      if let first = peek, starts.contains(first) { throw .headerNotObject }
      throw unexpected("an object was expected")
    }
    var sawMetadata = false
    try parseObject { parser, name throws(FormatError) in
      if name == "__metadata__" {
        guard !sawMetadata else { throw .duplicateKey(name) }
        sawMetadata = true
        try parser.parseMetadata()
      } else {
        guard parser.entries[name] == nil else { throw .duplicateKey(name) }
        parser.entries[name] = try parser.parseEntry(name)
      }
    }
    skipSpace()
    guard position == bytes.count else { throw unexpected("text after the object") }
  }

  private mutating func parseMetadata() throws(FormatError) {
    guard peek == UInt8(ascii: "{") else { throw .metadataNotString("__metadata__") }
    try parseObject { parser, key throws(FormatError) in
      guard parser.metadata[key] == nil else { throw .duplicateKey(key) }
      guard parser.peek == UInt8(ascii: "\"") else { throw .metadataNotString(key) }
      guard parser.metadata.count < HeaderParser.mostTexts else {
        throw .invalidEntry(
          tensor: "__metadata__", reason: "has more than \(HeaderParser.mostTexts) texts")
      }
      parser.metadata[key] = try parser.parseString()
    }
  }

  private mutating func parseEntry(_ name: String) throws(FormatError) -> SafetensorsFile.Entry {
    var type: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    guard peek == UInt8(ascii: "{") else {
      throw .invalidEntry(tensor: name, reason: "is not an object")
    }
    try parseObject { parser, key throws(FormatError) in
      switch key {
      case "dtype" where type == nil:
        guard parser.peek == UInt8(ascii: "\"") else {
          throw .invalidEntry(tensor: name, reason: "has a dtype that is no string")
        }
        let found = try parser.parseString()
        guard let known = ElementType(rawValue: found) else {
          throw .unknownElementType(tensor: name, found: found)
        }
        type = known
      case "shape" where shape == nil: shape = try parser.parseIntegers(name, key)
      case "data_offsets" where offsets == nil: offsets = try parser.parseIntegers(name, key)
      case "dtype", "shape", "data_offsets": throw .duplicateKey("\(name).\(key)")
      default: throw .invalidEntry(tensor: name, reason: "has an unknown field '\(key)'")
      }
    }
    guard let type, let shape, let offsets else {
      throw .invalidEntry(tensor: name, reason: "lacks one of dtype, shape and data_offsets")
    }
    guard offsets.count == 2 else {
      throw .invalidEntry(tensor: name, reason: "needs exactly two data_offsets")
    }
    return SafetensorsFile.Entry(
      type: type, shape: shape, begin: offsets[0], end: offsets[1])
  }

  // The JSON grammar (RFC 8259), as far as the header needs it

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func unexpected(_ reason: String) -> FormatError {
    .headerNotJSON(offset: position, reason: reason)
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func parseObject(
    _ member: (inout HeaderParser, String) throws(FormatError) -> Void
  ) throws(FormatError) {
    guard take("{") else { throw unexpected("'{' was expected") }
    skipSpace()
    if take("}") { return }
    while true {
      skipSpace()
      let key = try parseString()
      skipSpace()
      guard take(":") else { throw unexpected("':' was expected") }
      skipSpace()
      try member(&self, key)
      skipSpace()
      if take("}") { return }
      guard take(",") else { throw unexpected("',' or '}' was expected") }
    }
  }

  private mutating func parseIntegers(_ name: String, _ key: String) throws(FormatError) -> [Int] {
    guard take("[") else {
      throw .invalidEntry(tensor: name, reason: "has a \(key) that is no array")
    }
    var values: [Int] = []
    skipSpace()
    if take("]") { return values }
    while true {
      skipSpace()
      guard values.count < HeaderParser.mostNumbers else {
        throw .invalidEntry(
          tensor: name,
          reason: "has a \(key) of more than \(HeaderParser.mostNumbers) numbers")
      }
      values.append(try parseInteger(name, key))
      skipSpace()
      if take("]") { return values }
      guard take(",") else { throw unexpected("',' or ']' was expected") }
    }
  }

  private mutating func parseInteger(_ name: String, _ key: String) throws(FormatError) -> Int {
    let negative = take("-")
    let start = position
    var value = 0
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      let (tenfold, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (next, overflow) = tenfold.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      guard !tooLarge, !overflow else { throw .overflow(tensor: name) }
      value = next
      position += 1
    }
    let digits = position - start
    let leadingZero = digits > 1 && bytes[start] == UInt8(ascii: "0")
    let fractional = peek.map { [0x2E, 0x65, 0x45].contains($0) } ?? false  // . e E
    guard digits > 0, !leadingZero, !fractional else {
      throw .invalidEntry(tensor: name, reason: "has a \(key) that is no whole number")
    }
    guard !negative else { throw .negativeNumber(tensor: name) }
    return value
  }

  private mutating func parseString() throws(FormatError) -> String {
    guard take("\"") else { throw unexpected("a string was expected") }
    var text: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text.append(contentsOf: try parseEscape())
      case 0..<0x20: throw unexpected("a control character in a string")
      default: text.append(byte)
      }
    }
    throw unexpected("a string is not closed")
  }

  private mutating func parseEscape() throws(FormatError) -> [UInt8] {
    guard let byte = peek else { throw unexpected("an escape is cut off") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var units = [try parseHexUnit()]
      if UTF16.isLeadSurrogate(units[0]) {
        guard take("\\"), take("u") else { throw unexpected("half a surrogate pair") }
        units.append(try parseHexUnit())
      }
      guard let text = String(validating: units, as: UTF16.self) else {
        throw unexpected("a broken surrogate pair")
      }
      return Array(text.utf8)
    default: throw unexpected("an unknown escape")
    }
  }

  private mutating func parseHexUnit() throws(FormatError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected("four hexadecimal digits were expected")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}
