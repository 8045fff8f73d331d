import Digests
import Foundation
import GRDB
import GRDBSQLite
import Store

extension StoreError {
  /// The store's word for any error of a statement; errors of the caller's own pass unchanged.
  /// - Parameter systemError: The error number of the system call that failed, where one did
  ///   (https://www.sqlite.org/c3ref/system_errno.html).
  static func translating(
    _ error: any Error, path: String, systemError: Int32 = 0
  ) -> any Error {
    switch error {
    case let error as DatabaseError:
      translating(error, path: path, systemError: systemError)
    case let error as RowDecodingError:
      databaseCorrupt(reason: "\(error)")
    case let error as DigestError:
      databaseCorrupt(reason: "\(error)")
    default:
      error
    }
  }

  /// The same, with what the connection knows of the system's error.
  static func translating(_ error: any Error, of db: Database, path: String) -> any Error {
    translating(error, path: path, systemError: sqlite3_system_errno(db.sqliteConnection))
  }

  private static func translating(
    _ error: DatabaseError, path: String, systemError: Int32
  ) -> StoreError {
    let message = error.message ?? "no message"
    return switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      locked(path: path)
    case .SQLITE_FULL:
      diskFull
    // The log's index is a file that could not be made longer; the system's error is not kept.
    case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE:
      diskFull
    // SQLite says "full" for ENOSPC in a write alone.
    case .SQLITE_IOERR where fullDiskErrors.contains(systemError),
      .SQLITE_CANTOPEN where fullDiskErrors.contains(systemError),
      // A later call may have left another number (unixGetLastError is the thread's errno).
      .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_WRITE && isAtSizeLimit(path):
      diskFull
    case .SQLITE_CORRUPT:
      databaseCorrupt(reason: message)
    case .SQLITE_NOTADB:
      notADatabase(path: path)
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
      notWritable(path: path, reason: message)
    case .SQLITE_CANTOPEN:
      cannotOpen(path: path, reason: message)
    case .SQLITE_CONSTRAINT where error.extendedResultCode == .SQLITE_CONSTRAINT_CHECK:
      invalidValue(field: checkedField(message), reason: "is not what its column holds")
    // Of sum(), and of sizes that no disk has (https://www.sqlite.org/lang_aggfunc.html#sumunc).
    case .SQLITE_ERROR where message == "integer overflow":
      databaseCorrupt(reason: "its numbers add up to more than there can be")
    case .SQLITE_TOOBIG:
      invalidValue(field: "a value", reason: "is too big")
    default:
      failed(reason: "SQLite error \(error.extendedResultCode.rawValue): \(message)")
    }
  }

  /// Whether the database or its log has grown to what the process may write into one file
  /// (getrlimit(2), RLIMIT_FSIZE), but for the page or two that did not fit.
  private static func isAtSizeLimit(_ path: String) -> Bool {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { return false }
    return [path, DatabaseFile.logPath(of: path)].contains { file in
      var status = stat()
      guard stat(file, &status) == 0, let size = rlim_t(exactly: status.st_size) else {
        return false
      }
      let (needed, overflow) = size.addingReportingOverflow(128 << 10)
      return overflow || needed > limit.rlim_cur
    }
  }

  /// `CHECK constraint failed: json_valid(progress)` names the column between the brackets.
  private static func checkedField(_ message: String) -> String {
    guard let open = message.lastIndex(of: "("), let close = message.lastIndex(of: ")"),
      open < close
    else { return message }
    return String(message[message.index(after: open)..<close])
  }
}
