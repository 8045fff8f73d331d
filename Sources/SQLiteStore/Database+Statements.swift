import GRDB
import Store

// Every statement is prepared once per connection: the queries are few and fixed.
extension Database {
  /// Runs a statement that returns no rows.
  /// - Returns: How many rows it changed.
  @discardableResult
  func run(_ sql: String, _ arguments: StatementArguments) throws -> Int {
    try cachedStatement(sql: sql).execute(arguments: arguments)
    return changesCount
  }

  /// The first row of a query.
  func first(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
    try Row.fetchOne(cachedStatement(sql: sql), arguments: arguments)
  }

  /// All rows of a query.
  func all(_ sql: String, _ arguments: StatementArguments = []) throws -> [Row] {
    try Row.fetchAll(cachedStatement(sql: sql), arguments: arguments)
  }

  /// The single number that a query such as `count(*)` returns.
  func number(_ sql: String, _ arguments: StatementArguments = []) throws -> Int64 {
    try first(sql, arguments)?.decode(Int64.self, atIndex: 0) ?? 0
  }
}

// `row["name"]` traps on a value of another type, which a damaged file can hold; these throw.
extension Row: StoredRow {
  package func text(_ column: String) throws -> String { try decode(forColumn: column) }
  package func optionalText(_ column: String) throws -> String? { try decode(forColumn: column) }
  package func integer(_ column: String) throws -> Int64 { try decode(forColumn: column) }
  package func optionalInteger(_ column: String) throws -> Int64? { try decode(forColumn: column) }
}
