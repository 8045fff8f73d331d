import Digests
import Foundation

/// A secret that lets its bearer in: `crisp_` and 256 random bits in base64url (RFC 4648 §5).
///
/// It is shown once, when it is made. Printing, interpolating or dumping it shows no secret.
public struct AccessToken: Sendable {
  /// What every token starts with, so that scanners find leaked ones.
  private static let prefix = "crisp_"
  private static let byteCount = 32
  private static let characterCount = 43

  /// The text to send in `Authorization: Bearer`.
  public let secret: String

  /// Nil unless the text has a token's form.
  init?(_ text: String) {
    let bytes = text.utf8
    guard bytes.count == Self.prefix.utf8.count + Self.characterCount,
      bytes.starts(with: Self.prefix.utf8),
      bytes.dropFirst(Self.prefix.utf8.count).allSatisfy(Self.isBase64URL)
    else { return nil }
    secret = text
  }

  private init(secret: String) { self.secret = secret }

  /// A new token from the system's cryptographic generator (getrandom(2) on Linux).
  package static func random() -> AccessToken {
    var generator = SystemRandomNumberGenerator()
    let bytes = Data((0..<byteCount).map { _ in generator.next() as UInt8 })
    let text = bytes.base64EncodedString()
      .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
      .replacingOccurrences(of: "=", with: "")
    return AccessToken(secret: prefix + text)
  }

  /// What is stored of it. Tokens are looked up by this digest: what the look-up's time may tell
  /// about a digest helps no one to a secret that has it.
  package var digest: SHA256Digest { SHA256.digest(of: Data(secret.utf8)) }

  private static func isBase64URL(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

extension AccessToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// No part of the secret.
  public var description: String { "\(Self.prefix)…" }
  /// No part of the secret.
  public var debugDescription: String { description }
  /// No part of the secret.
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}
