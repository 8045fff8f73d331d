/// Part of a list. It ends early when its texts have many bytes, see ``byteLimit``.
public struct Page<Element: Sendable>: Sendable {
  /// At most as many elements as asked for.
  public let elements: [Element]
  /// Whether more follow.
  public let hasMore: Bool

  /// The largest page.
  public static var maximumLimit: Int { 1000 }

  /// Bytes of texts after which a page ends, so that no list takes the memory and time of whoever wrote
  /// long ones.
  public static var byteLimit: Int { 256 << 10 }

  /// What an element counts for besides its texts.
  package static var bytesPerElement: Int { 512 }

  package init(_ elements: [Element], hasMore: Bool) {
    self.elements = elements
    self.hasMore = hasMore
  }

  /// - Throws: ``StoreError/invalidValue(field:reason:)`` unless `limit` is 1 to 1000.
  package static func validate(limit: Int) throws {
    guard (1...maximumLimit).contains(limit) else {
      throw StoreError.invalidValue(field: "limit", reason: "must be 1 to \(maximumLimit)")
    }
  }
}

extension Page: Equatable where Element: Equatable {}
