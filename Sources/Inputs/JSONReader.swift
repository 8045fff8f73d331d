/// Reads JSON (RFC 8259) from front to back, one step at a time: linear time, and nothing built but
/// what is asked for. Every room that reads JSON of strangers uses it, the runtime included, so it
/// does without Foundation.
///
/// Before each value `kind` tells what it is. It is read by one of `string`, `number`, `bool` and `null`, or
/// by `beginObject` and then `nextName` before each member until it is nil, or by `beginArray` and then `hasElement`
/// before each element until it is false. Names that come twice are the
/// caller's to refuse, who alone knows what was there.
public struct JSONReader: Sendable {
  /// What a value is, told by its first byte.
  public enum Kind: Sendable {
    case object, array, string, number, bool, null
  }

  /// Bytes of the longest number: more digits than any double has (1,075), its sign and exponent.
  static let longestNumber = 1100

  let bytes: [UInt8]
  let limits: JSONLimits
  private var values = 0
  private var depth = 0
  /// Whether nothing of the innermost list has been read yet, so that no comma is due.
  private var isAtStart = true

  /// Bytes read so far.
  public internal(set) var position = 0
  /// Where the name that was read last begins.
  public private(set) var nameOffset = 0

  /// A reader of a whole text.
  /// - Parameter limits: what it may have; more is a fault.
  public init(_ bytes: [UInt8], limits: JSONLimits) {
    self.bytes = bytes
    self.limits = limits
  }

  /// A fault at a place, by default here. A text that ends too early says so.
  public func fault(_ reason: String, at offset: Int? = nil) -> JSONFault {
    let place = offset ?? position
    return JSONFault(place < bytes.count ? reason : "it ends too early", offset: place)
  }

  // MARK: Values

  /// What comes next.
  public mutating func kind() throws(JSONFault) -> Kind {
    skipSpace()
    guard let byte = peek else { throw fault("a value is missing") }
    values += 1
    guard values <= limits.values else {
      throw fault("it has more than \(limits.values) values")
    }
    switch byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    default: throw fault("a value is missing")
    }
  }

  /// Enters an object.
  public mutating func beginObject() throws(JSONFault) {
    try begin(UInt8(ascii: "{"), "an object is missing")
  }

  /// The next member's name, with its value to be read next; nil, and out of the object, after the
  /// last one.
  public mutating func nextName() throws(JSONFault) -> String? {
    guard try hasMore(closing: UInt8(ascii: "}"), "a comma or '}' is missing") else { return nil }
    nameOffset = position
    guard peek == UInt8(ascii: "\"") else { throw fault("a name in quotes is missing") }
    let name = try string(longest: limits.name)
    skipSpace()
    guard take(UInt8(ascii: ":")) else { throw fault("a colon is missing") }
    return name
  }

  /// Enters an array.
  public mutating func beginArray() throws(JSONFault) {
    try begin(UInt8(ascii: "["), "an array is missing")
  }

  /// Whether another element is to be read; false, and out of the array, after the last one.
  public mutating func hasElement() throws(JSONFault) -> Bool {
    try hasMore(closing: UInt8(ascii: "]"), "a comma or ']' is missing")
  }

  /// True or false.
  public mutating func bool() throws(JSONFault) -> Bool {
    skipSpace()
    let isTrue = peek == UInt8(ascii: "t")
    try word(isTrue ? "true" : "false")
    return isTrue
  }

  /// Nothing.
  public mutating func null() throws(JSONFault) {
    skipSpace()
    try word("null")
  }

  /// Throws if anything but space follows.
  public mutating func end() throws(JSONFault) {
    skipSpace()
    if position < bytes.count { throw fault("something follows the value") }
  }

  /// Throws unless the text is one JSON value of any kind, in which no object has two members of one
  /// name. Foundation's decoders take commas behind the last element, and one of two such members: what
  /// they are given is to be checked before.
  public static func check(_ bytes: [UInt8], limits: JSONLimits) throws(JSONFault) {
    var reader = JSONReader(bytes, limits: limits)
    try reader.skip()
    try reader.end()
  }

  /// Reads the next value of any kind and forgets it; two members of one name in an object are a fault.
  public mutating func skip() throws(JSONFault) {
    switch try kind() {
    case .object:
      var names = Set<String>()
      try beginObject()
      while let name = try nextName() {
        guard names.insert(name).inserted else {
          throw fault("this name appears twice", at: nameOffset)
        }
        try skip()
      }
    case .array:
      try beginArray()
      while try hasElement() { try skip() }
    case .string: _ = try string()
    case .number: _ = try number()
    case .bool: _ = try bool()
    case .null: try null()
    }
  }

  // MARK: Steps

  var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func begin(_ opening: UInt8, _ reason: String) throws(JSONFault) {
    skipSpace()
    guard depth < limits.depth else {
      throw fault("it has more than \(limits.depth) arrays and objects inside one another")
    }
    guard take(opening) else { throw fault(reason) }
    depth += 1
    isAtStart = true
  }

  private mutating func hasMore(closing: UInt8, _ reason: String) throws(JSONFault) -> Bool {
    skipSpace()
    if take(closing) {
      depth -= 1
      // A list that has ended is something that was read of the one around it.
      isAtStart = false
      return false
    }
    if isAtStart {
      isAtStart = false
    } else {
      guard take(UInt8(ascii: ",")) else { throw fault(reason) }
      skipSpace()
    }
    return true
  }

  private mutating func word(_ word: StaticString) throws(JSONFault) {
    for index in 0..<word.utf8CodeUnitCount {
      guard take(word.utf8Start[index]) else { throw fault("no value is written like this") }
    }
  }
}
