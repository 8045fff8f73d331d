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
  package struct PostgresRow: StoredRow {
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

    package func text(_ column: String) throws -> String {
      guard let text = try optionalText(column) else { throw fault(column, "holds nothing") }
      return text
    }

    package func optionalInteger(_ column: String) throws -> Int64? {
      try optionalText(column).map { text in
        guard let value = Int64(text) else { throw fault(column, "holds \"\(text.prefix(80))\"") }
        return value
      }
    }

    package func integer(_ column: String) throws -> Int64 {
      guard let value = try optionalInteger(column) else { throw fault(column, "holds nothing") }
      return value
    }

    func number(_ column: String) throws -> Double {
      guard let value = Double(try text(column)) else { throw fault(column, "holds no number") }
      return value
    }

    func bool(_ column: String) throws -> Bool { try text(column) == "t" }

    private func fault(_ column: String, _ what: String) -> StoreError {
      .databaseCorrupt(reason: "\(column) \(what)")
    }
  }
#endif
