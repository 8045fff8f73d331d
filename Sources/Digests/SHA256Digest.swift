/// A SHA-256 message digest: 32 bytes, written as 64 lower-case hexadecimal digits (FIPS 180-4).
public struct SHA256Digest: Hashable, Sendable {
  /// Bytes in a digest.
  public static let byteCount = 32

  /// The 32 bytes, most significant first.
  public let bytes: [UInt8]

  /// Accepts exactly 32 bytes; `nil` for any other count.
  public init?(bytes: some Sequence<UInt8>) {
    let bytes = [UInt8](bytes)
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// Parses 64 hexadecimal digits in either case.
  ///
  /// Digits are decoded by hand: `UInt8("+a", radix: 16)` succeeds, which would let two spellings
  /// name one digest.
  /// - Throws: ``DigestError/invalidHex(_:)``.
  public init(hex: String) throws {
    let digits = hex.utf8
    guard digits.count == 2 * Self.byteCount else { throw DigestError.invalidHex(hex) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteCount)
    var high: UInt8?
    for digit in digits {
      guard let value = Self.value(ofDigit: digit) else { throw DigestError.invalidHex(hex) }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    self.bytes = bytes
  }

  /// 64 lower-case hexadecimal digits.
  public var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * Self.byteCount)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Compares without an early exit, so that the time taken does not tell how many leading bytes
  /// of a secret's digest were guessed.
  public func isEqualInConstantTime(to other: SHA256Digest) -> Bool {
    zip(bytes, other.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private static func value(ofDigit digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension SHA256Digest: CustomStringConvertible {
  /// The hexadecimal form.
  public var description: String { hex }
}

extension SHA256Digest: Codable {
  /// Reads the hexadecimal form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do {
      try self.init(hex: text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
    }
  }

  /// Writes the hexadecimal form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}
