import Foundation
import GRDB
import Migrations
import Store
import Synchronization

/// The store in one SQLite file.
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

  /// What a store is opened for.
  public enum Access: Sendable {
    /// Reading files of every released schema; not a byte of the file changes, and what lies beside it
    /// stays as it is.
    case reading
    /// Everything, on a file of this program's schema; a file that is not there is made.
    case writing
  }

  /// The absolute path of the database file.
  public let path: String
  /// What the store was opened for.
  public let access: Access
  /// The path.
  public var address: String { path }
  /// False: one server at a time, see ``ServerLock``.
  public let isShared = false

  let clock: StoreClock
  private let steps = ClockSteps()
  /// Called where the file is about to be read or written.
  private let onAccess: (@Sendable () -> Void)?
  let connections: Connections
  private let file: HeldFile
  private let isOpen = Mutex(true)
  let condition: FileCondition
  /// What downloads read last.
  let chunks = ChunkCache(capacity: 32)
  /// Labels and classes of what is registered.
  let lists = ListCache(capacity: 32)
  let chunkMemory = ChunkMemory(size: chunkSize, spare: 4)

  /// Opens a database. Its schema stays as it is: see ``migrate(_:keepingCopy:now:)``.
  /// - Parameters:
  ///   - path: The file. Its folder must exist.
  ///   - access: For ``Access/writing``, a file that is not there is made, readable by its owner only.
  ///   - clock: Tells the times for leases, grace periods and dates.
  ///   - busyTimeout: Seconds to wait for another process's transaction.
  ///   - withoutRoom: Whether a file on a full disk is opened nevertheless. Then it is read by this process
  ///     alone, and writing throws ``StoreError/diskFull`` until there is room.
  ///   - onAccess: Called on every thread that is about to read or write the file, for tests of
  ///     which threads do.
  /// - Throws: ``StoreError``, one case for each reason under "Opening".
  public convenience init(
    path: String, access: Access = .writing, clock: StoreClock = .system,
    busyTimeout: TimeInterval = 10, withoutRoom: Bool = false,
    onAccess: (@Sendable () -> Void)? = nil
  ) throws {
    try self.init(
      path: path, access: access, clock: clock, busyTimeout: busyTimeout, withoutRoom: withoutRoom,
      schema: migrations, onAccess: onAccess)
  }

  /// Opens a database as a program would that has those migrations.
  package init(
    path: String, access: Access = .writing, clock: StoreClock = .system,
    busyTimeout: TimeInterval = 10, withoutRoom: Bool = false, schema: [Migration],
    onAccess: (@Sendable () -> Void)? = nil
  ) throws {
    self.path = Self.absolute(path)
    self.access = access
    self.clock = clock
    self.onAccess = onAccess
    try DatabaseFile.requireFolder(of: self.path)
    file = try HeldFile(path: self.path, creating: access == .writing)
    do {
      connections = try Connections(
        DatabaseFile(path: self.path, busyTimeout: busyTimeout, schema: schema), for: access,
        withoutRoom: withoutRoom)
    } catch {
      file.release()
      throw error
    }
    condition = FileCondition(path: self.path, file: file.identity)
  }

  deinit { try? close() }

  /// Absolute, because SQLite may take a name that starts with "file:" for a URI
  /// (https://www.sqlite.org/uri.html).
  static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// Closes the file. Calls that come later throw. A store that is let go closes too.
  /// - Throws: ``StoreError/locked(path:)`` while calls are under way; then it is still open.
  public func close() throws {
    try isOpen.withLock { isOpen in
      guard isOpen else { return }
      try connections.close()
      if access == .writing { condition.putLogAside() }
      file.release()
      isOpen = false
    }
  }

  /// A setting of the writing connection, such as `synchronous`.
  package func setting(_ pragma: String) throws -> Int? {
    try write { db, _ in try Int.fetchOne(db, sql: "PRAGMA \(pragma)") }
  }

  /// Reads from one snapshot.
  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    onAccess?()
    do { return try connections.read(body) } catch let error as StoreError where error.isOfFile {
      // A connection that is opened now fails in several ways where the file is gone.
      if access == .writing { try condition.requireFile() }
      throw error
    }
  }

  /// Runs `body` with the present time in one immediate transaction, rolled back when it throws.
  func write<Value>(_ body: (Database, Int64) throws -> Value) throws -> Value {
    try withoutTransaction { db in
      var result: Value?
      try db.inTransaction(.immediate) {
        // The time is taken inside, so that waiting for the writer does not shorten a lease.
        result = try body(db, now())
        return .commit
      }
      guard let result else { throw StoreError.databaseCorrupt(reason: "a transaction vanished") }
      return result
    }
  }

  /// Uses the writing connection. What it did is on the disk, in the file at the path, when this returns.
  func withoutTransaction<Value>(_ body: (Database) throws -> Value) throws -> Value {
    guard access == .writing else {
      throw StoreError.notWritable(path: path, reason: "opened for reading")
    }
    onAccess?()
    return try condition.noting {
      try connections.write { db in
        let before = db.totalChangesCount
        let value = try body(db)
        return (value, hasWritten: db.totalChangesCount > before)
      }
    }
  }

  /// The time of day in milliseconds.
  func now() -> Int64 {
    let now = Timestamp.milliseconds(clock.date())
    steps.note(now: now, steady: clock.steady())
    return now
  }

  /// The time of day, in milliseconds, at which what is to be deleted now must have been there: `age`
  /// seconds ago, or earlier when the clock was set forward meanwhile.
  /// - Throws: ``StoreError/invalidValue(field:reason:)`` unless `age` is zero to a century.
  func cutoff(age: TimeInterval) throws -> Int64 {
    let age = try Timestamp.milliseconds(0, plus: age, field: "grace period")
    let now = steps.cautious(now: now(), steady: clock.steady(), age: age)
    let (cutoff, overflow) = now.subtractingReportingOverflow(age)
    return overflow ? .min : cutoff
  }
}
