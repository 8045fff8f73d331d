import Foundation
import GRDB
import Store

// Rows that lists read are short (`Migrations/m009_short_rows.sql`).
extension Database {
  /// The first elements of a list of objects in JSON.
  func beginning(ofObjects list: String) throws -> String {
    try text(
      """
      SELECT CASE json_type(?1) WHEN 'array' THEN (SELECT json_group_array(json(value))
        FROM (SELECT value FROM json_each(?1) LIMIT ?2)) ELSE ?1 END
      """, [list, ShortRows.elements])
  }

  /// A model's card without what it says of each label.
  func withoutLabels(card: String) throws -> String {
    try text(
      "SELECT json_replace(?, '$.classes', json('[]'), '$.accuracy.per_class', json('{}'))", [card])
  }

  private func text(_ sql: String, _ arguments: StatementArguments) throws -> String {
    guard let row = try first(sql, arguments) else {
      throw StoreError.databaseCorrupt(reason: "a text is missing")
    }
    return try row.decode(String.self, atIndex: 0)
  }

  /// A part of a list: its elements until there are enough of them, or of their bytes.
  /// - Parameters:
  ///   - sql: Reads one row more than `limit`.
  ///   - record: The element of a row.
  func page<Element: Listed>(
    _ sql: String, _ arguments: StatementArguments, limit: Int, record: (Row) throws -> Element
  ) throws -> Page<Element> {
    let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
    return try Page(limit: limit, next: { try rows.next() }, record: record)
  }
}
