import Foundation
import Synchronization

/// Whether what a store writes reaches the file that its path names.
final class StoreCondition: Sendable {
  private struct State {
    var current = SQLiteStore.Condition.writable
    var changed: (@Sendable (SQLiteStore.Condition) -> Void)?
    /// The log's identity since something was written: SQLite keeps one as long as a connection is open.
    var log: FileIdentity?
  }

  private let path: String
  private let logPath: String
  private let file: FileIdentity
  private let state = Mutex(State())

  init(path: String, file: FileIdentity) {
    self.path = path
    logPath = DatabaseFile.logPath(of: path)
    self.file = file
  }

  var current: SQLiteStore.Condition { state.withLock { $0.current } }

  /// Calls `body` with every new condition, and now unless it is ``SQLiteStore/Condition/writable``.
  func watch(_ body: @escaping @Sendable (SQLiteStore.Condition) -> Void) {
    let current = state.withLock { state in
      state.changed = body
      return state.current
    }
    if current != .writable { body(current) }
  }

  /// Looks whether the path still leads to the open file. Opens nothing, and takes two calls of stat(2).
  /// - Throws: ``StoreError/fileReplaced(path:)``.
  func requireFile() throws {
    let log = state.withLock { $0.log }
    guard FileIdentity(at: path) == file, log == nil || log == FileIdentity(at: logPath) else {
      become(.replaced)
      throw StoreError.fileReplaced(path: path)
    }
    if current == .replaced { become(.writable) }
  }

  /// Does what writes, and looks at the file before and after: a process that is told of success must find
  /// what it wrote at the path.
  func noting<Value>(_ body: () throws -> (Value, hasWritten: Bool)) throws -> Value {
    try requireFile()
    let value: Value
    do {
      let (result, hasWritten) = try body()
      value = result
      // What changes nothing needs no room.
      if hasWritten, current == .full { become(.writable) }
    } catch StoreError.diskFull {
      become(.full)
      throw StoreError.diskFull
    }
    state.withLock { state in
      if state.log == nil { state.log = FileIdentity(at: logPath) }
    }
    try requireFile()
    return value
  }

  func become(_ next: SQLiteStore.Condition) {
    let changed = state.withLock { state in
      defer { state.current = next }
      return state.current == next ? nil : state.changed
    }
    changed?(next)
  }
}

extension SQLiteStore {
  /// Whether writing works, as far as is known.
  public enum Condition: Sendable {
    /// The last thing that was written found room.
    case writable
    /// There was no room for the last.
    case full
    /// The file at the path is another one than the one that is open, or none.
    case replaced
  }

  /// What the last call that wrote has found.
  public var writing: Condition { condition.current }

  /// Calls `body` with every change of ``writing``, and at once when it is not writable; from any thread.
  public func onCondition(_ body: @escaping @Sendable (Condition) -> Void) { condition.watch(body) }

  /// Looks whether the file at the path is the one that is open.
  /// - Throws: ``StoreError/fileReplaced(path:)``.
  public func requireFile() throws { try condition.requireFile() }
}
