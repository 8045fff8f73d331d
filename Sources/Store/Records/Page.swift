/// Part of a list.
public struct Page<Element: Sendable>: Sendable {
  /// At most as many elements as asked for.
  public let elements: [Element]
  /// Whether more follow.
  public let hasMore: Bool

  /// The largest page.
  public static var maximumLimit: Int { 1000 }

  /// Builds a page from one element more than `limit`, where there is one.
  init(_ elements: [Element], limit: Int) {
    self.elements = Array(elements.prefix(limit))
    hasMore = elements.count > limit
  }

  /// - Throws: ``StoreError/invalidValue(field:reason:)`` unless `limit` is 1 to 1000.
  static func validate(limit: Int) throws {
    guard (1...maximumLimit).contains(limit) else {
      throw StoreError.invalidValue(field: "limit", reason: "must be 1 to \(maximumLimit)")
    }
  }
}

extension Page: Equatable where Element: Equatable {}
