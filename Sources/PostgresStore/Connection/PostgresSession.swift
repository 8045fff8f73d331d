#if Fleet
  import Foundation
  import Store

  /// A transaction under way.
  struct PostgresSession {
    let connection: PostgresConnection

    /// Runs a statement that returns no rows.
    /// - Returns: How many rows it changed.
    @discardableResult
    func run(_ sql: String, _ values: [(any PostgresBindable)?] = []) throws -> Int {
      try connection.execute(sql, values.map { $0?.postgresValue ?? .null }).changes
    }

    /// All rows of a query.
    func all(_ sql: String, _ values: [(any PostgresBindable)?] = []) throws -> [PostgresRow] {
      try connection.execute(sql, values.map { $0?.postgresValue ?? .null }).rows
    }

    /// The first row of a query.
    func first(_ sql: String, _ values: [(any PostgresBindable)?] = []) throws -> PostgresRow? {
      try all(sql, values).first
    }

    /// The single number that a query names `n`.
    func number(_ sql: String, _ values: [(any PostgresBindable)?] = []) throws -> Int64 {
      try first(sql, values)?.optionalInteger("n") ?? 0
    }

    /// The bytes of the only column of the first row.
    func bytes(_ sql: String, _ values: [(any PostgresBindable)?]) throws -> Data? {
      try connection.execute(sql, values.map { $0?.postgresValue ?? .null }, isBinary: true).rows
        .first?.bytes()
    }

    /// A part of a list: its elements until there are enough of them, or of their bytes.
    /// - Parameters:
    ///   - sql: Reads one row more than `limit`.
    ///   - record: The element of a row.
    func page<Element: Listed>(
      _ sql: String, _ values: [(any PostgresBindable)?], limit: Int,
      record: (PostgresRow) throws -> Element
    ) throws -> Page<Element> {
      var rows = try all(sql, values).makeIterator()
      return try Page(limit: limit, next: { rows.next() }, record: record)
    }
  }
#endif
