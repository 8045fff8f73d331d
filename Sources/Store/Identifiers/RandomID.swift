/// A name drawn at random: a prefix that tells the kind, then 96 random bits in 24 hexadecimal
/// digits, too many to guess or to collide.
public protocol RandomID: Hashable, Sendable, Codable, RawRepresentable, CustomStringConvertible
where RawValue == String {
  /// What every name of this kind starts with.
  static var prefix: String { get }

  /// Takes the text as it is; ``init(rawValue:)`` validates.
  init(unchecked text: String)
}

extension RandomID {
  /// `nil` unless the text is the prefix and 24 lower-case hexadecimal digits.
  public init?(rawValue: String) {
    let bytes = rawValue.utf8
    guard bytes.starts(with: Self.prefix.utf8) else { return nil }
    let digits = bytes.dropFirst(Self.prefix.utf8.count)
    let isHex = digits.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
    guard digits.count == 24, isHex else { return nil }
    self.init(unchecked: rawValue)
  }

  /// A new name from the system's cryptographic generator (getrandom(2) on Linux).
  package static func random() -> Self {
    var generator = SystemRandomNumberGenerator()
    let digits = Array("0123456789abcdef".utf8)
    var text = Array(prefix.utf8)
    for _ in 0..<12 {
      let byte: UInt8 = generator.next()
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return Self(unchecked: String(decoding: text, as: UTF8.self))
  }

  /// The name itself.
  public var description: String { rawValue }
}

/// The name of a pruning job: `job_` and 24 hexadecimal digits.
public struct JobID: RandomID {
  /// What every job's name starts with.
  public static let prefix = "job_"
  /// The name.
  public let rawValue: String

  /// Takes the text as it is.
  public init(unchecked text: String) { rawValue = text }
}

/// The name of a published model: `model_` and 24 hexadecimal digits.
public struct ModelID: RandomID {
  /// What every model's name starts with.
  public static let prefix = "model_"
  /// The name.
  public let rawValue: String

  /// Takes the text as it is.
  public init(unchecked text: String) { rawValue = text }
}

/// The public name of an access token, not the token: `token_` and 24 hexadecimal digits.
public struct TokenID: RandomID {
  /// What every token's name starts with.
  public static let prefix = "token_"
  /// The name.
  public let rawValue: String

  /// Takes the text as it is.
  public init(unchecked text: String) { rawValue = text }
}
