import Foundation
import GRDB
import GRDBSQLite
import Store

extension Database {
  /// The bytes of a blob in a column, read into place. A query would have SQLite put the value
  /// together in memory of its own first (https://www.sqlite.org/c3ref/blob_open.html).
  /// - Returns: nil when the value is no blob, as in a damaged file.
  func blob(
    table: String, column: String, rowID: Int64, into memory: ChunkMemory
  ) throws -> Data? {
    var handle: OpaquePointer?
    let status = sqlite3_blob_open(sqliteConnection, "main", table, column, rowID, 0, &handle)
    defer { sqlite3_blob_close(handle) }
    if status == SQLITE_ERROR { return nil }
    try check(status)
    return try memory.data(count: Int(sqlite3_blob_bytes(handle))) { buffer in
      try check(sqlite3_blob_read(handle, buffer.baseAddress, Int32(buffer.count), 0))
    }
  }

  private func check(_ status: Int32) throws {
    guard status != SQLITE_OK else { return }
    throw DatabaseError(resultCode: ResultCode(rawValue: status), message: lastErrorMessage)
  }
}
