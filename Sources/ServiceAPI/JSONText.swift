import Inputs

/// A JSON document that goes out as it was stored: it was read and checked when it came in, and lists of many
/// would be read again for every reader.
public struct JSONText: Sendable, Encodable {
  /// The document, which the caller vouches for.
  public let text: String

  /// A text that is JSON.
  public init(_ text: String) { self.text = text }

  /// The document read; null for a text that is none after all.
  public var value: JSONValue {
    (try? JSONValue(json: Array(text.utf8), limits: .stored)) ?? .null
  }

  /// For encoders that take values only; ``JSONWriting`` writes the text.
  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
