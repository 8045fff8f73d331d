/// What can go wrong when a digest is read or computed.
public enum DigestError: Error, Equatable, Sendable {
  /// The text is not 64 hexadecimal digits.
  case invalidHex(String)
  /// The file could not be opened or read; `reason` is the system's text.
  case unreadableFile(path: String, reason: String)

  /// A stable identifier for programs.
  public var code: String {
    switch self {
    case .invalidHex: "invalid_digest"
    case .unreadableFile: "unreadable_file"
    }
  }
}

extension DigestError: CustomStringConvertible {
  /// One sentence for people.
  public var description: String {
    switch self {
    case .invalidHex(let text):
      "\"\(text.prefix(80))\" is not a SHA-256 digest: give 64 hexadecimal digits"
    case .unreadableFile(let path, let reason):
      "cannot read \(path): \(reason)"
    }
  }
}
