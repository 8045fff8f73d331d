/// A value of an extra member of a problem (RFC 9457 §3.2).
public indirect enum ExtensionMember: Sendable, Equatable {
  /// A text.
  case string(String)
  /// An integer.
  case integer(Int64)
  /// True or false.
  case boolean(Bool)
  /// A list.
  case array([ExtensionMember])
  /// A map.
  case object([String: ExtensionMember])

  /// A list of texts.
  public static func strings(_ values: [String]) -> ExtensionMember {
    .array(values.map(ExtensionMember.string))
  }

  /// A map to lists of texts, such as suggestions for unknown names.
  public static func lists(_ values: [String: [String]]) -> ExtensionMember {
    .object(values.mapValues(ExtensionMember.strings))
  }
}

extension ExtensionMember: Codable {
  /// Reads the first kind that fits.
  /// - Throws: `DecodingError` for null and for numbers that are no 64-bit integers.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Bool.self) {
      self = .boolean(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([ExtensionMember].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: ExtensionMember].self))
    }
  }

  /// Writes the value without a wrapper.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .string(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .boolean(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}
