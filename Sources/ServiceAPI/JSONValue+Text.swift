import Inputs

extension JSONValue {
  /// Reads one JSON text in linear time. Of two members of one name neither is taken: that is a
  /// fault. Numbers that are whole become integers where 64 bits hold them exactly.
  /// - Parameter limits: what it may have; by default as little as a request may.
  public init(json bytes: [UInt8], limits: JSONLimits = .request) throws(JSONFault) {
    var reader = JSONReader(bytes, limits: limits)
    self = try JSONValue(from: &reader)
    try reader.end()
  }

  /// Reads the value that comes next.
  public init(from reader: inout JSONReader) throws(JSONFault) {
    switch try reader.kind() {
    case .object:
      var members: [String: JSONValue] = [:]
      try reader.beginObject()
      while let name = try reader.nextName() {
        let offset = reader.nameOffset
        let value = try JSONValue(from: &reader)
        guard members.updateValue(value, forKey: name) == nil else {
          throw reader.fault("this name appears twice", at: offset)
        }
      }
      self = .object(members)
    case .array:
      var elements: [JSONValue] = []
      try reader.beginArray()
      while try reader.hasElement() { elements.append(try JSONValue(from: &reader)) }
      self = .array(elements)
    case .string: self = .string(try reader.string())
    case .number:
      switch try reader.number() {
      case .integer(let value): self = .integer(value)
      case .real(let value):
        // Up to 2^53 a double stands for one whole number only.
        self =
          abs(value) <= 0x1p53
          ? Int64(exactly: value).map(JSONValue.integer) ?? .number(value) : .number(value)
      }
    case .bool: self = .bool(try reader.bool())
    case .null:
      try reader.null()
      self = .null
    }
  }
}
