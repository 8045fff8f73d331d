import Digests
import Foundation

/// A row of a query, whose columns are read by name as what they are. A column of another kind, or with a
/// value that this program cannot have written, is ``StoreError/databaseCorrupt(reason:)``.
package protocol StoredRow {
  /// A text.
  func text(_ column: String) throws -> String
  /// A text, or nothing.
  func optionalText(_ column: String) throws -> String?
  /// Any whole number: a row's number, a time, the bits of a seed.
  func integer(_ column: String) throws -> Int64
  /// A whole number, or nothing.
  func optionalInteger(_ column: String) throws -> Int64?
}

extension StoredRow {
  /// A number that is reckoned with.
  package func integer(_ column: String, in range: ClosedRange<Int64>) throws -> Int64 {
    let value = try integer(column)
    guard range.contains(value) else {
      throw StoreError.databaseCorrupt(
        reason: "\(column) holds \(value), not \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// Bytes, or how many there are of something, see ``StoreRules/amounts``.
  package func amount(_ column: String) throws -> Int64 {
    try integer(column, in: StoreRules.amounts)
  }

  /// The same for what is counted in memory too.
  package func int(
    _ column: String, in range: ClosedRange<Int64> = StoreRules.amounts
  ) throws -> Int {
    Int(clamping: try integer(column, in: range))
  }

  /// A time.
  package func date(_ column: String) throws -> Date { Timestamp.date(try integer(column)) }

  /// A time, or nothing.
  package func optionalDate(_ column: String) throws -> Date? {
    try optionalInteger(column).map(Timestamp.date)
  }

  /// A JSON document as it was stored.
  package func document(_ column: String) throws -> Data { JSONColumn.document(try text(column)) }

  /// A JSON document, or nothing.
  package func optionalDocument(_ column: String) throws -> Data? {
    try optionalText(column).map(JSONColumn.document)
  }

  /// A JSON list.
  package func list<Element: Decodable>(
    _ column: String, of type: Element.Type
  ) throws -> [Element] {
    try JSONColumn.decode(text(column), as: [Element].self)
  }

  /// A digest in hexadecimal.
  package func digest(_ column: String) throws -> SHA256Digest {
    let text = try text(column)
    do { return try SHA256Digest(hex: text) } catch {
      throw StoreError.databaseCorrupt(reason: "\(column) \(error)")
    }
  }

  /// A digest, or nothing.
  package func optionalDigest(_ column: String) throws -> SHA256Digest? {
    try optionalText(column) == nil ? nil : digest(column)
  }

  /// A user.
  package func user(_ column: String) throws -> UserID { try UserID(text(column)) }

  /// A user, or nobody.
  package func optionalUser(_ column: String) throws -> UserID? {
    try optionalText(column).map { try UserID($0) }
  }

  /// A name that the store gave.
  package func identifier<ID: RandomID>(_ column: String, as type: ID.Type) throws -> ID {
    try value(column, ID.init(rawValue:))
  }

  /// A value of a closed set.
  package func value<Value>(_ column: String, _ make: (String) -> Value?) throws -> Value {
    let text = try text(column)
    guard let value = make(text) else {
      throw StoreError.databaseCorrupt(reason: "\(column) holds \"\(text.prefix(80))\"")
    }
    return value
  }
}

extension EventRecord {
  /// Columns `sequence`, `level`, `type`, `message`, `data` and `created_at`.
  package init(_ row: some StoredRow) throws {
    self.init(
      sequence: try row.amount("sequence"),
      event: NewEvent(
        level: try row.value("level", EventLevel.init(rawValue:)), type: try row.text("type"),
        message: try row.text("message"), data: try row.optionalDocument("data")),
      createdAt: try row.date("created_at"))
  }
}
