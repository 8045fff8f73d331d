#if Fleet
  import CPostgres
  import Digests
  import Foundation
  import Store

  /// The rows of a statement.
  package final class PostgresResult {
    fileprivate let raw: OpaquePointer

    init(_ raw: OpaquePointer) { self.raw = raw }

    deinit { PQclear(raw) }

    package var rows: [PostgresRow] {
      (0..<PQntuples(raw)).map { PostgresRow(result: self, index: $0) }
    }

    /// Rows that a statement changed.
    var changes: Int {
      PQcmdTuples(raw).flatMap { Int(String(cString: $0)) } ?? 0
    }

    /// What was done, such as "COMMIT".
    var command: String { PQcmdStatus(raw).map { String(cString: $0) } ?? "" }
  }

  /// A row, whose columns are read by name as what they are.
  package struct PostgresRow {
    let result: PostgresResult
    let index: Int32

    package func optionalText(_ column: String) throws -> String? {
      let place = PQfnumber(result.raw, column)
      guard place >= 0 else { throw fault(column, "is missing") }
      guard PQgetisnull(result.raw, index, place) == 0,
        let value = PQgetvalue(result.raw, index, place)
      else { return nil }
      return String(cString: value)
    }

    /// The bytes of the only column of a binary result.
    func bytes() throws -> Data {
      guard PQgetisnull(result.raw, index, 0) == 0, let value = PQgetvalue(result.raw, index, 0)
      else { throw fault("bytes", "are missing") }
      return Data(bytes: value, count: Int(PQgetlength(result.raw, index, 0)))
    }

    func text(_ column: String) throws -> String {
      guard let text = try optionalText(column) else { throw fault(column, "holds nothing") }
      return text
    }

    func optionalInteger(_ column: String) throws -> Int64? {
      try optionalText(column).map { text in
        guard let value = Int64(text) else { throw fault(column, "holds \"\(text.prefix(80))\"") }
        return value
      }
    }

    func integer(_ column: String) throws -> Int64 {
      guard let value = try optionalInteger(column) else { throw fault(column, "holds nothing") }
      return value
    }

    /// A number that is reckoned with.
    func integer(_ column: String, in range: ClosedRange<Int64>) throws -> Int64 {
      let value = try integer(column)
      guard range.contains(value) else {
        throw fault(column, "holds \(value), not \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }

    func amount(_ column: String) throws -> Int64 { try integer(column, in: StoreRules.amounts) }

    func int(_ column: String, in range: ClosedRange<Int64> = StoreRules.amounts) throws -> Int {
      Int(clamping: try integer(column, in: range))
    }

    func number(_ column: String) throws -> Double {
      guard let value = Double(try text(column)) else { throw fault(column, "holds no number") }
      return value
    }

    func bool(_ column: String) throws -> Bool { try text(column) == "t" }
    func date(_ column: String) throws -> Date { Timestamp.date(try integer(column)) }

    func optionalDate(_ column: String) throws -> Date? {
      try optionalInteger(column).map(Timestamp.date)
    }

    func document(_ column: String) throws -> Data { Data(try text(column).utf8) }

    func optionalDocument(_ column: String) throws -> Data? {
      try optionalText(column).map { Data($0.utf8) }
    }

    func list<Element: Decodable>(_ column: String, of type: Element.Type) throws -> [Element] {
      try JSONColumn.decode(text(column), as: [Element].self)
    }

    func digest(_ column: String) throws -> SHA256Digest {
      let text = try text(column)
      do { return try SHA256Digest(hex: text) } catch { throw fault(column, "\(error)") }
    }

    func optionalDigest(_ column: String) throws -> SHA256Digest? {
      try optionalText(column) == nil ? nil : digest(column)
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
      guard let value = make(text) else { throw fault(column, "holds \"\(text.prefix(80))\"") }
      return value
    }

    private func fault(_ column: String, _ what: String) -> StoreError {
      .databaseCorrupt(reason: "\(column) \(what)")
    }
  }
#endif
