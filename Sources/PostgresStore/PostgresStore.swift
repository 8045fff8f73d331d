#if Fleet
  import Dispatch
  import Foundation
  import Store
  import Synchronization

  /// The store in a PostgreSQL database, which many servers and workers use at once.
  ///
  /// Only the database's clock decides. Every wait is bounded: for a connection, for the server's answer, for
  /// a lock. A transaction whose connection breaks before it was to be confirmed is done again on another
  /// one, as is one that clashed with another's; after that nobody knows, and the caller is told. All calls
  /// block and may come from any thread.
  public final class PostgresStore: Sendable {
    /// How connections are used.
    public struct Configuration: Sendable {
      /// Connections at most.
      public var connections = 16
      /// Seconds that a call waits for one of them.
      public var patience: TimeInterval = 10
      /// Milliseconds that a statement may take.
      public var statementTimeout = 30_000
      /// Milliseconds that a statement may wait for a lock.
      public var lockTimeout = 5_000
      /// Milliseconds after which those who watch are told to look at what others may have committed.
      public var poll = 500

      /// The defaults.
      public init() {}
    }

    /// Bytes in every chunk of a blob but the last.
    public static let chunkSize = 1 << 20
    /// How often a transaction is tried.
    private static let attempts = 4

    /// The address without its password.
    public var address: String { place.text }
    /// True.
    public let isShared = true

    let place: PostgresAddress
    private let configuration: Configuration
    private let pool: ConnectionPool
    private let observers = Mutex<[@Sendable () -> Void]>([])
    private let condition = Mutex(WriteCondition.writable)
    private let watchers = Mutex<[@Sendable (WriteCondition) -> Void]>([])
    /// Dispatch's sources may be used from any thread.
    nonisolated(unsafe) private let timer: any DispatchSourceTimer
    /// Chunks that downloads read last.
    let chunks = RecentCache<String, Data>(capacity: 32)

    /// Where the bytes of new blobs go; nil keeps them in the database.
    let bytes: (any BlobBytes)?

    /// Opens a database, whose schema stays as it is: see ``migrate(_:)``.
    /// - Parameters:
    ///   - uri: postgresql://USER@HOST:PORT/DATABASE, perhaps of several hosts.
    ///   - bytes: Keeps the bytes of new blobs, and has those that were put there; nil keeps them in the
    ///     database.
    /// - Throws: ``StoreError``, one case for each reason under "Opening".
    public convenience init(
      _ uri: String, configuration: Configuration = Configuration(),
      bytes: (any BlobBytes)? = nil
    ) throws {
      try self.init(PostgresAddress(uri), configuration: configuration, bytes: bytes)
    }

    init(
      _ place: PostgresAddress, configuration: Configuration, bytes: (any BlobBytes)? = nil
    ) throws {
      self.place = place
      self.bytes = bytes
      self.configuration = configuration
      pool = ConnectionPool(
        place, size: configuration.connections, patience: configuration.patience)
      let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "crisp.postgres.poll"))
      self.timer = timer
      timer.schedule(
        deadline: .now() + .milliseconds(configuration.poll),
        repeating: .milliseconds(max(10, configuration.poll)))
      timer.setEventHandler { [weak self] in self?.tellObservers() }
      // Before anything throws: Dispatch ends a process that lets go of a source which has not begun.
      timer.resume()
      try requireDatabase()
    }

    deinit { timer.cancel() }

    // MARK: Transactions

    /// Reads from one snapshot.
    func read<Value>(_ body: (PostgresSession) throws -> Value) throws -> Value {
      try transaction("ISOLATION LEVEL REPEATABLE READ READ ONLY") { db, _ in try body(db) }
    }

    /// Runs `body` with the database's time in one transaction, rolled back when it throws. Perhaps more
    /// than once, so it must change nothing but the database.
    /// - Parameter isPromise: Whether the caller relies on the change once this returns. What is not one (a
    ///   heartbeat, a report of progress) does not wait for the disk: a crash of the database loses what
    ///   was sent in its last fraction of a second, never consistency, and the next one makes up for it
    ///   (https://www.postgresql.org/docs/15/wal-async-commit.html).
    func write<Value>(
      isPromise: Bool = true, _ body: (PostgresSession, Int64) throws -> Value
    ) throws -> Value {
      let value = try transaction(
        "ISOLATION LEVEL READ COMMITTED READ WRITE", isPromise: isPromise, body)
      tellObservers()
      return value
    }

    private func transaction<Value>(
      _ kind: String, isPromise: Bool = true, _ body: (PostgresSession, Int64) throws -> Value
    ) throws -> Value {
      var attempt = 1
      while true {
        do {
          return try attemptTransaction(kind, isPromise: isPromise, body)
        } catch let fault as PostgresFault {
          guard attempt < Self.attempts, fault.isLost || fault.mayClash else {
            let error = fault.error(at: address)
            note(error)
            throw error
          }
          attempt += 1
        } catch let error as StoreError {
          note(error)
          throw error
        }
      }
    }

    private func attemptTransaction<Value>(
      _ kind: String, isPromise: Bool, _ body: (PostgresSession, Int64) throws -> Value
    ) throws -> Value {
      let connection = try pool.take()
      defer { pool.giveBack(connection) }
      // In one message. The settings are the transaction's: PgBouncer takes none for a connection.
      let start = try connection.execute(
        """
        BEGIN \(kind); SET LOCAL statement_timeout = \(configuration.statementTimeout); \
        SET LOCAL lock_timeout = \(configuration.lockTimeout); \
        SET LOCAL idle_in_transaction_session_timeout = 60000; \
        \(isPromise ? "" : "SET LOCAL synchronous_commit = off; ")SELECT crisp_now() AS now
        """)
      let value: Value
      let showsRoom: Bool
      do {
        guard let row = start.rows.first else {
          throw StoreError.databaseCorrupt(reason: "it has no time")
        }
        value = try body(PostgresSession(connection: connection), row.integer("now"))
        // What changes nothing needs no room.
        showsRoom = try writing != .full || Self.hasWritten(connection)
      } catch {
        _ = try? connection.execute("ROLLBACK")
        throw error
      }
      do {
        let end = try connection.execute("COMMIT")
        guard end.command == "COMMIT" else {
          throw StoreError.failed(reason: "PostgreSQL rolled a transaction back")
        }
      } catch let fault as PostgresFault where fault.isLost && kind.hasSuffix("WRITE") {
        throw StoreError.unreachable(
          address: address,
          reason: "the connection broke while a change was being confirmed; it may have been made")
      }
      if showsRoom { become(.writable) }
      return value
    }

    private static func hasWritten(_ connection: PostgresConnection) throws -> Bool {
      try connection.execute(
        "SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS has_written", []
      ).rows.first?.bool("has_written") == true
    }

    // MARK: Changes and condition

    /// See ``ChangeNotifier/onCommit(_:)``.
    public func onCommit(_ body: @escaping @Sendable () -> Void) {
      observers.withLock { $0.append(body) }
    }

    private func tellObservers() {
      for observer in observers.withLock({ $0 }) { observer() }
    }

    /// What the last call that wrote has found.
    public var writing: WriteCondition { condition.withLock { $0 } }

    /// See ``ObservedStore/onCondition(_:)``.
    public func onCondition(_ body: @escaping @Sendable (WriteCondition) -> Void) {
      watchers.withLock { $0.append(body) }
      if writing != .writable { body(writing) }
    }

    private func note(_ error: StoreError) {
      switch error {
      case .unreachable, .accessDenied, .readOnly: become(.unreachable)
      case .diskFull: become(.full)
      default: break
      }
    }

    private func become(_ next: WriteCondition) {
      let isNew = condition.withLock { current in
        defer { current = next }
        return current != next
      }
      if isNew { for watcher in watchers.withLock({ $0 }) { watcher(next) } }
    }

    /// Looks whether the database answers, has this program's schema and can be written.
    /// - Throws: ``StoreError``, one case for each reason under "Opening".
    public func requireDatabase() throws {
      let connection: PostgresConnection
      do { connection = try pool.take() } catch let error as StoreError {
        note(error)
        throw error
      }
      defer { pool.giveBack(connection) }
      do {
        try Schema(connection, address: address).require()
        if writing != .full { become(.writable) }
      } catch let fault as PostgresFault {
        let error = fault.error(at: address)
        note(error)
        throw error
      }
    }

    /// See ``ObservedStore/bytesCondition``.
    public var bytesCondition: BytesCondition { bytes?.condition ?? .inDatabase }

    /// See ``ObservedStore/requireBytes()``.
    public func requireBytes() throws { try bytes?.require() }

    /// See ``MaintainedStore/close()``.
    public func close() throws {
      try pool.close()
      timer.cancel()
    }
  }

  extension PostgresStore: CompleteStore {}
#endif
