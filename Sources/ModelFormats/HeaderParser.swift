import Inputs

/// Reads a safetensors header: two objects deep, no name twice, and whole numbers that are exact.
struct HeaderParser {
  /// Dimensions of one tensor: as many as PyTorch and numpy 2 have. A text is then not turned into
  /// many times its size.
  private static let mostNumbers = 64
  /// Texts under `__metadata__`; a table of many short ones takes many times their size.
  private static let mostTexts = 4096

  /// The header, a tensor, its shape; and names four times as long as the longest usual ones.
  private static let limits = {
    var limits = JSONLimits(depth: 3)
    limits.name = 1024
    return limits
  }()

  private var reader: JSONReader

  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [String: SafetensorsFile.Entry] = [:]

  /// Parses the whole header; `bytes` may end in white space (the format pads with it).
  init(_ bytes: [UInt8]) throws(FormatError) {
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .headerNotUTF8 }
    reader = JSONReader(bytes, limits: HeaderParser.limits)
    guard try kind() == .object else { throw .headerNotObject }
    var sawMetadata = false
    try beginObject()
    while let name = try nextName() {
      if name == "__metadata__" {
        guard !sawMetadata else { throw .duplicateKey(name) }
        sawMetadata = true
        try parseMetadata()
      } else {
        guard entries[name] == nil else { throw .duplicateKey(name) }
        entries[name] = try parseEntry(name)
      }
    }
    do { try reader.end() } catch { throw FormatError(error) }
  }

  private mutating func parseMetadata() throws(FormatError) {
    guard try kind() == .object else { throw .metadataNotString("__metadata__") }
    try beginObject()
    while let key = try nextName() {
      guard metadata[key] == nil else { throw .duplicateKey(key) }
      guard try kind() == .string else { throw .metadataNotString(key) }
      guard metadata.count < HeaderParser.mostTexts else {
        throw .invalidEntry(
          tensor: "__metadata__", reason: "has more than \(HeaderParser.mostTexts) texts")
      }
      metadata[key] = try string()
    }
  }

  private mutating func parseEntry(_ name: String) throws(FormatError) -> SafetensorsFile.Entry {
    var type: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    guard try kind() == .object else {
      throw .invalidEntry(tensor: name, reason: "is not an object")
    }
    try beginObject()
    while let key = try nextName() {
      switch key {
      case "dtype" where type == nil:
        guard try kind() == .string else {
          throw .invalidEntry(tensor: name, reason: "has a dtype that is not a string")
        }
        let found = try string()
        guard let known = ElementType(rawValue: found) else {
          throw .unknownElementType(tensor: name, found: found)
        }
        type = known
      case "shape" where shape == nil: shape = try parseIntegers(name, key)
      case "data_offsets" where offsets == nil: offsets = try parseIntegers(name, key)
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

  private mutating func parseIntegers(_ name: String, _ key: String) throws(FormatError) -> [Int] {
    guard try kind() == .array else {
      throw .invalidEntry(tensor: name, reason: "has a \(key) that is not an array")
    }
    var values: [Int] = []
    do { try reader.beginArray() } catch { throw FormatError(error) }
    while try hasElement() {
      guard values.count < HeaderParser.mostNumbers else {
        throw .invalidEntry(
          tensor: name,
          reason: "has a \(key) of more than \(HeaderParser.mostNumbers) numbers")
      }
      values.append(try parseInteger(name, key))
    }
    return values
  }

  private mutating func parseInteger(_ name: String, _ key: String) throws(FormatError) -> Int {
    let notWhole = FormatError.invalidEntry(
      tensor: name, reason: "has a \(key) that is not a whole number")
    guard try kind() == .number else { throw notWhole }
    let number: JSONNumber
    do { number = try reader.number() } catch { throw FormatError(error) }
    switch number {
    case .integer(let value):
      guard value >= 0 else { throw .negativeNumber(tensor: name) }
      guard let value = Int(exactly: value) else { throw .overflow(tensor: name) }
      return value
    // Written without a fraction, but of more than 64 bits.
    case .real(let value) where abs(value) >= 0x1p63: throw .overflow(tensor: name)
    case .real: throw notWhole
    }
  }

  // The reader's steps, with its faults as this room's errors

  private mutating func kind() throws(FormatError) -> JSONReader.Kind {
    do { return try reader.kind() } catch { throw FormatError(error) }
  }

  private mutating func beginObject() throws(FormatError) {
    do { try reader.beginObject() } catch { throw FormatError(error) }
  }

  private mutating func nextName() throws(FormatError) -> String? {
    do { return try reader.nextName() } catch { throw FormatError(error) }
  }

  private mutating func hasElement() throws(FormatError) -> Bool {
    do { return try reader.hasElement() } catch { throw FormatError(error) }
  }

  private mutating func string() throws(FormatError) -> String {
    do { return try reader.string() } catch { throw FormatError(error) }
  }
}

extension FormatError {
  fileprivate init(_ fault: JSONFault) {
    self = .headerNotJSON(offset: fault.offset, reason: fault.reason)
  }
}
