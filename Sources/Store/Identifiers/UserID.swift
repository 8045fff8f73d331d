/// Who asked: any Unicode text of 1 to 256 bytes of UTF-8 without control characters or line ends.
///
/// Ids are compared byte by byte, as the database compares them; Swift's `String` would take two
/// spellings of one accented letter for the same user.
public struct UserID: Sendable {
  /// The most bytes of UTF-8.
  public static let maximumByteCount = 256

  /// The id as the user wrote it.
  public let text: String

  /// - Throws: ``StoreError/invalidValue(field:reason:)`` for empty or overlong text and for
  ///   control characters.
  public init(_ text: String) throws {
    try FieldText.validate(text, field: "user", maximumByteCount: Self.maximumByteCount)
    self.text = text
  }
}

extension UserID: Hashable {
  /// Whether both ids have the same bytes.
  public static func == (left: UserID, right: UserID) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }
}

extension UserID: CustomStringConvertible {
  /// The id itself.
  public var description: String { text }
}
