import Digests
import Foundation
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
extension Row {
  func text(_ column: String) throws -> String { try decode(forColumn: column) }
  func optionalText(_ column: String) throws -> String? { try decode(forColumn: column) }
  /// Any whole number: a row's number, a time, the bits of a seed.
  func integer(_ column: String) throws -> Int64 { try decode(forColumn: column) }
  func optionalInteger(_ column: String) throws -> Int64? { try decode(forColumn: column) }

  /// A number that is reckoned with.
  /// - Throws: ``StoreError/databaseCorrupt(reason:)`` for one that this program cannot have written.
  func integer(_ column: String, in range: ClosedRange<Int64>) throws -> Int64 {
    let value = try integer(column)
    guard range.contains(value) else {
      throw StoreError.databaseCorrupt(
        reason: "\(column) holds \(value), not \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// Bytes, or how many there are of something, see ``StoredRange/amounts``.
  func amount(_ column: String) throws -> Int64 { try integer(column, in: StoreRules.amounts) }

  /// The same for what is counted in memory too.
  func int(_ column: String, in range: ClosedRange<Int64> = StoreRules.amounts) throws -> Int {
    Int(clamping: try integer(column, in: range))
  }

  func date(_ column: String) throws -> Date { Timestamp.date(try integer(column)) }

  func optionalDate(_ column: String) throws -> Date? {
    try optionalInteger(column).map(Timestamp.date)
  }

  func document(_ column: String) throws -> Data { JSONColumn.document(try text(column)) }

  func optionalDocument(_ column: String) throws -> Data? {
    try optionalText(column).map(JSONColumn.document)
  }

  func list<Element: Decodable>(_ column: String, of type: Element.Type) throws -> [Element] {
    try JSONColumn.decode(text(column), as: [Element].self)
  }

  func digest(_ column: String) throws -> SHA256Digest { try SHA256Digest(hex: text(column)) }

  func optionalDigest(_ column: String) throws -> SHA256Digest? {
    try optionalText(column).map { try SHA256Digest(hex: $0) }
  }

  func user(_ column: String) throws -> UserID { try UserID(text(column)) }

  func optionalUser(_ column: String) throws -> UserID? {
    try optionalText(column).map { try UserID($0) }
  }

  func identifier<ID: RandomID>(_ column: String, as type: ID.Type) throws -> ID {
    try value(column, ID.init(rawValue:))
  }

  /// A value of a closed set.
  func value<Value>(_ column: String, _ make: (String) -> Value?) throws -> Value {
    let text = try text(column)
    guard let value = make(text) else {
      throw StoreError.databaseCorrupt(reason: "\(column) holds \"\(text.prefix(80))\"")
    }
    return value
  }
}
