import Foundation
import Inputs

/// JSON between Swift and the text columns.
package enum JSONColumn {
  /// A caller's document as column text.
  /// - Throws: ``StoreError/invalidValue(field:reason:)`` for other than JSON in UTF-8.
  package static func text(_ document: Data, field: String) throws -> String {
    // A NUL byte would cut the text short; JSON never holds one.
    guard let text = String(validating: document, as: UTF8.self),
      (try? JSONReader.check(Array(document), limits: .stored)) != nil
    else { throw StoreError.invalidValue(field: field, reason: "must be JSON in UTF-8") }
    return text
  }

  /// A list the store itself understands as column text.
  /// - Throws: ``StoreError/invalidValue(field:reason:)`` for numbers that JSON cannot write.
  package static func text(encoding value: some Encodable, field: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw StoreError.invalidValue(field: field, reason: "cannot be written as JSON")
    }
  }

  /// The caller's document again.
  package static func document(_ text: String) -> Data {
    Data(text.utf8)
  }

  /// The list again.
  /// - Throws: ``StoreError/databaseCorrupt(reason:)``.
  package static func decode<Value: Decodable>(_ text: String, as type: Value.Type) throws -> Value
  {
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw StoreError.databaseCorrupt(reason: "a list is not readable: \(error)")
    }
  }
}
