import GRDB
import Store

/// Lists of names of what the operator registered, decoded: tens of thousands of labels, which requests need
/// one after the other and which never change.
typealias ListCache = RecentCache<String, [String]>

extension Database {
  /// The names in a column of a registered row, read when they are not at hand: its digest, time and name
  /// say which they are.
  func names(
    _ column: String, of table: String, for row: Row, _ lists: ListCache
  ) throws -> [String] {
    let name = try row.text("name")
    let key = try "\(table) \(row.text("digest")) \(row.integer("created_at")) \(name)"
    return try lists.value(key) {
      try first("SELECT \(column) FROM \(table) WHERE name = ?", [name])?
        .list(column, of: String.self) ?? []
    }
  }
}
