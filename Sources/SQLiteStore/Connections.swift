import Foundation
import GRDB
import Store
import Synchronization

/// A store's connections: a pool, or one that only reads, and, on a full disk, one that waits for room.
final class Connections: Sendable {
  private enum State {
    case open(any DatabaseWriter)
    /// There is no room for SQLite's log and shared memory: one connection reads without them, alone with
    /// the file.
    case cramped(DatabaseQueue)
    /// Another process took the file while a cramped connection made way for a pool.
    case away
    case closed
  }

  private let file: DatabaseFile
  private let state: Mutex<State>
  /// Held by whoever uses a cramped connection or replaces it.
  private let turn = NSLock()
  private let observers = Mutex<[CommitObserver]>([])

  /// - Parameter withoutRoom: Whether a file on a full disk is opened nevertheless, to be read.
  init(_ file: DatabaseFile, for access: SQLiteStore.Access, withoutRoom: Bool) throws {
    self.file = file
    switch access {
    case .reading: state = Mutex(.open(try file.openForReading()))
    case .writing:
      do { state = Mutex(.open(try file.openForWriting())) } catch StoreError.diskFull
        where withoutRoom
      { state = Mutex(.cramped(try file.openWithoutRoom())) }
    }
  }

  /// Reads from one snapshot.
  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    func translated(_ db: Database) throws -> Value {
      do { return try body(db) } catch {
        throw StoreError.translating(error, of: db, path: file.path)
      }
    }
    do {
      if let pool { return try pool.read(translated) }
      turn.lock()
      defer { turn.unlock() }
      return try readable().read(translated)
    } catch {
      throw StoreError.translating(error, path: file.path)
    }
  }

  /// Uses the only writing connection. On a disk that was full it is opened when there is room again.
  func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
    do {
      return try writer().writeWithoutTransaction { db in
        do { return try body(db) } catch {
          throw StoreError.translating(error, of: db, path: file.path)
        }
      }
    } catch {
      throw StoreError.translating(error, path: file.path)
    }
  }

  /// Adds an observer of commits, now or when there is a connection that can commit.
  func observe(_ observer: CommitObserver) {
    observers.withLock { $0.append(observer) }
    pool?.add(transactionObserver: observer, extent: .databaseLifetime)
  }

  /// What a copy of the database is made from.
  func source() throws -> any DatabaseWriter { try readable() }

  /// - Throws: ``StoreError/locked(path:)`` while calls are under way; then all is as before.
  func close() throws {
    turn.lock()
    defer { turn.unlock() }
    try state.withLock { state in
      do {
        switch state {
        case .open(let pool):
          // GRDB closes its writer before its readers, which may not tidy up: without this the log would
          // be left behind.
          (pool as? DatabasePool)?.releaseMemory()
          try pool.close()
        case .cramped(let queue): try queue.close()
        case .away, .closed: break
        }
        state = .closed
      } catch {
        throw StoreError.translating(error, path: file.path)
      }
    }
  }

  private var pool: (any DatabaseWriter)? {
    state.withLock { state in
      if case .open(let pool) = state { return pool }
      return nil
    }
  }

  private func readable() throws -> any DatabaseWriter {
    try state.withLock { state in
      switch state {
      case .open(let pool): return pool
      case .cramped(let queue): return queue
      case .away:
        let queue = try file.openWithoutRoom()
        state = .cramped(queue)
        return queue
      case .closed: throw StoreError.cannotOpen(path: file.path, reason: "it was closed")
      }
    }
  }

  private func writer() throws -> any DatabaseWriter {
    if let pool { return pool }
    turn.lock()
    defer { turn.unlock() }
    return try state.withLock { state in
      switch state {
      case .open(let pool): return pool
      case .closed: throw StoreError.cannotOpen(path: file.path, reason: "it was closed")
      case .cramped(let queue):
        try queue.close()
        state = .away
      case .away: break
      }
      do {
        let pool = try file.openForWriting()
        for observer in observers.withLock({ $0 }) {
          pool.add(transactionObserver: observer, extent: .databaseLifetime)
        }
        state = .open(pool)
        return pool
      } catch StoreError.diskFull {
        if let queue = try? file.openWithoutRoom() { state = .cramped(queue) }
        throw StoreError.diskFull
      }
    }
  }
}
