import Foundation
import Store
import Synchronization

/// Whether what a store writes reaches the file that its path names.
final class FileCondition: Sendable {
  private struct State {
    var current = WriteCondition.writable
    var changed: (@Sendable (WriteCondition) -> Void)?
    /// The log and its index, since something was written: SQLite keeps them as long as a connection is
    /// open. Without the log what was written since is lost; without the index other programs would have
    /// locks of their own.
    var beside: [String: FileIdentity] = [:]
    /// Whether something was written to a log that had no name any more: whatever is put at its path, it
    /// is another one.
    var hasLostLog = false
  }

  private let path: String
  private let pathsBeside: [String]
  private let file: FileIdentity
  private let state = Mutex(State())

  init(path: String, file: FileIdentity) {
    self.path = path
    pathsBeside = [DatabaseFile.logPath(of: path), DatabaseFile.logIndexPath(of: path)]
    self.file = file
    // Where it was opened for writing they are there already.
    if let found = filesBeside() { state.withLock { $0.beside = found } }
  }

  var current: WriteCondition { state.withLock { $0.current } }

  /// Calls `body` with every new condition, and now unless it is ``WriteCondition/writable``.
  func watch(_ body: @escaping @Sendable (WriteCondition) -> Void) {
    let current = state.withLock { state in
      state.changed = body
      return state.current
    }
    if current != .writable { body(current) }
  }

  /// Looks whether the path still leads to the open file. Opens nothing, and takes three calls of stat(2).
  /// - Throws: ``StoreError/fileReplaced(path:)``.
  func requireFile() throws {
    let (beside, hasLostLog) = state.withLock { ($0.beside, $0.hasLostLog) }
    guard !hasLostLog, FileIdentity(at: path) == file,
      beside.allSatisfy({ FileIdentity(at: $0.key) == $0.value })
    else {
      become(.replaced)
      throw StoreError.fileReplaced(path: path)
    }
    if current == .replaced { become(.writable) }
  }

  /// Does what writes, and looks at the file before and after: a process that is told of success must find
  /// what it wrote at the path.
  func noting<Value>(_ body: () throws -> (Value, hasWritten: Bool)) throws -> Value {
    try requireFile()
    let (value, hasWritten): (Value, Bool)
    do {
      (value, hasWritten) = try body()
      // What changes nothing needs no room.
      if hasWritten, current == .full { become(.writable) }
    } catch StoreError.diskFull {
      become(.full)
      throw StoreError.diskFull
    }
    try requireFile()
    if hasWritten { try seeFilesBeside() }
    return value
  }

  /// The log and its index; nil where one of them is not there.
  private func filesBeside() -> [String: FileIdentity]? {
    var found: [String: FileIdentity] = [:]
    for path in pathsBeside { found[path] = FileIdentity(at: path) }
    return found.count == pathsBeside.count ? found : nil
  }

  /// Remembers the log and its index once they are needed. What was written is in them, so they are there.
  private func seeFilesBeside() throws {
    guard state.withLock({ $0.beside.isEmpty }) else { return }
    guard let found = filesBeside() else {
      state.withLock { $0.hasLostLog = true }
      become(.replaced)
      throw StoreError.fileReplaced(path: path)
    }
    state.withLock { if $0.beside.isEmpty { $0.beside = found } }
  }

  /// Takes the log of a file that is not at its path any more away from there, when nothing has it open:
  /// whatever is put at the path, SQLite would read the log as its own. It is kept under another name,
  /// since it has what the file does not.
  func putLogAside() {
    guard FileIdentity(at: path) != file else { return }
    let name = "of-replaced-\(Date().inFileNames)-\(getpid())"
    for (path, identity) in state.withLock({ $0.beside }) where FileIdentity(at: path) == identity {
      rename(path, "\(path).\(name)")
    }
  }

  func become(_ next: WriteCondition) {
    let changed = state.withLock { state in
      defer { state.current = next }
      return state.current == next ? nil : state.changed
    }
    changed?(next)
  }
}

extension SQLiteStore {
  /// What the last call that wrote has found.
  public var writing: WriteCondition { condition.current }

  /// See ``ObservedStore/onCondition(_:)``.
  public func onCondition(_ body: @escaping @Sendable (WriteCondition) -> Void) {
    condition.watch(body)
  }

  /// Looks whether the file at the path is the one that is open.
  /// - Throws: ``StoreError/fileReplaced(path:)``.
  public func requireDatabase() throws { try condition.requireFile() }
}
