/// The rule for names and other short texts that people give.
package enum FieldText {
  /// - Throws: ``StoreError/invalidValue(field:reason:)`` unless `text` has 1 to
  ///   `maximumByteCount` bytes of UTF-8 and neither control characters nor line ends, which would
  ///   forge lines in logs.
  package static func validate(_ text: String, field: String, maximumByteCount: Int = 256) throws {
    guard (1...maximumByteCount).contains(text.utf8.count) else {
      throw StoreError.invalidValue(
        field: field, reason: "must have 1 to \(maximumByteCount) bytes of UTF-8")
    }
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: false
      default: true
      }
    }
    guard isPlain else {
      throw StoreError.invalidValue(field: field, reason: "must not hold control characters")
    }
  }
}
