import Foundation
import GRDB

/// The store in one SQLite file: ``JobQueue``, ``ModelCatalog``, ``UserDirectory``,
/// ``TokenRegistry`` and ``BlobStore``.
///
/// The file is in WAL mode with `synchronous = FULL`: a commit that returned survives a power
/// failure. One writer, several readers that do not wait for it; other processes may use the same
/// file. All calls block and may come from any thread.
public final class SQLiteStore: Sendable {
  /// Tells SQLite tools, and this program, whose file it is: "CRSP" in ASCII.
  public static let applicationID: Int32 = 0x4352_5350

  /// Bytes in every chunk of a blob but the last. A write transaction holds the only writer for one
  /// chunk's time, and a reader needs this much memory.
  public static let chunkSize = 1 << 20

  /// The absolute path of the database file.
  public let path: String

  let clock: @Sendable () -> Date
  /// Called where the file is about to be read or written.
  private let onAccess: (@Sendable () -> Void)?
  let pool: DatabasePool
  /// What downloads read last.
  let chunks = ChunkCache(capacity: 32)
  let chunkMemory = ChunkMemory(size: chunkSize, spare: 4)

  /// Opens a database, or makes it, readable by its owner only, where there is none.
  /// - Parameters:
  ///   - path: The file. Its folder must exist.
  ///   - clock: Tells the time for leases, grace periods and dates.
  ///   - busyTimeout: Seconds to wait for another process's transaction.
  ///   - onAccess: Called on every thread that is about to read or write the file, for tests of
  ///     which threads do.
  /// - Throws: ``StoreError``, one case for each reason under "Opening".
  public init(
    path: String, clock: @escaping @Sendable () -> Date = { Date() },
    busyTimeout: TimeInterval = 10, onAccess: (@Sendable () -> Void)? = nil
  ) throws {
    // Absolute, because SQLite may take a name that starts with "file:" for a URI
    // (https://www.sqlite.org/uri.html).
    self.path = URL(fileURLWithPath: path).standardizedFileURL.path
    self.clock = clock
    self.onAccess = onAccess
    self.pool = try DatabaseFile(path: self.path, busyTimeout: busyTimeout).open()
  }

  /// Closes the file. Calls that come later throw. A store that is let go closes too.
  /// - Throws: ``StoreError/locked(path:)`` while calls are under way.
  public func close() throws {
    do { try pool.close() } catch { throw StoreError.translating(error, path: path) }
  }

  /// A setting of the writing connection, such as `synchronous`.
  package func setting(_ pragma: String) throws -> Int? {
    try write { db, _ in try Int.fetchOne(db, sql: "PRAGMA \(pragma)") }
  }

  /// Reads from one snapshot.
  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    onAccess?()
    do {
      return try pool.read(body)
    } catch {
      throw StoreError.translating(error, path: path)
    }
  }

  /// Runs `body` with the present time in one immediate transaction, rolled back when it throws.
  func write<Value>(_ body: (Database, Int64) throws -> Value) throws -> Value {
    onAccess?()
    do {
      // The time is taken inside, so that waiting for the writer does not shorten a lease.
      return try pool.write { db in try body(db, Timestamp.milliseconds(clock())) }
    } catch {
      throw StoreError.translating(error, path: path)
    }
  }
}
