import Foundation
import Store
import Synchronization

/// Which file a path leads to, whatever it is called.
struct FileIdentity: Hashable, Sendable {
  let device: UInt64
  let inode: UInt64

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// Nil when nothing is there, or it cannot be seen. Opens nothing.
  init?(at path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }
}

/// A database file that this process has open besides SQLite: one descriptor for all of its stores, so
/// that none is closed while SQLite has locks on the file. Closing any descriptor of a file gives up all
/// of the process's POSIX locks on it (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
final class HeldFile: Sendable {
  /// What is open; the path may lead elsewhere meanwhile.
  let identity: FileIdentity

  private struct Entry {
    var descriptors: [Int32]
    var holders = 1
    var isServed = false
  }

  private static let entries = Mutex<[FileIdentity: Entry]>([:])
  private let isHeld = Mutex(true)

  /// Opens the file unless the process has it open.
  /// - Parameter creating: Makes an empty file of mode 0600 where there is none; SQLite gives its log
  ///   and shared memory the same mode.
  init(path: String, creating: Bool) throws {
    identity = try Self.entries.withLock { entries in
      if let known = FileIdentity(at: path), entries[known] != nil {
        entries[known]?.holders += 1
        return known
      }
      let flags = creating ? O_RDWR | O_CREAT : O_RDONLY
      // Not waiting for the other end of a named pipe.
      let descriptor = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o600)
      guard descriptor >= 0 else { throw Self.error(errno, path: path, creating: creating) }
      var status = stat()
      guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        close(descriptor)
        throw StoreError.notADatabase(path: path)
      }
      let identity = FileIdentity(status)
      // Another path to a file that is open already, or one that was moved here just now.
      if entries[identity] != nil {
        entries[identity]?.holders += 1
        entries[identity]?.descriptors.append(descriptor)
      } else {
        entries[identity] = Entry(descriptors: [descriptor])
      }
      return identity
    }
  }

  /// The store that held it is closed. Not for one that could not be closed, nor in `deinit`: the
  /// kernel closes what is left when the process ends.
  func release() {
    let wasHeld = isHeld.withLock { isHeld in
      defer { isHeld = false }
      return isHeld
    }
    guard wasHeld else { return }
    Self.entries.withLock { entries in
      guard var entry = entries[identity] else { return }
      entry.holders -= 1
      entries[identity] = entry.holders > 0 ? entry : nil
      if entry.holders == 0 { for descriptor in entry.descriptors { close(descriptor) } }
    }
  }

  /// Takes the lock of whoever runs the database's jobs: flock(2), which SQLite's own locks do not mind
  /// and the kernel lets go of when the process dies, however it dies.
  /// - Returns: 0, or why not: EWOULDBLOCK when a server has it, this process's own too.
  func serve() -> Int32 {
    Self.entries.withLock { entries in
      guard let entry = entries[identity], let descriptor = entry.descriptors.first else {
        return EBADF
      }
      guard !entry.isServed else { return EWOULDBLOCK }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return errno }
      entries[identity]?.isServed = true
      return 0
    }
  }

  /// Lets another server have the database.
  func endServing() {
    Self.entries.withLock { entries in
      guard let descriptor = entries[identity]?.descriptors.first else { return }
      flock(descriptor, LOCK_UN)
      entries[identity]?.isServed = false
    }
  }

  private static func error(_ number: Int32, path: String, creating: Bool) -> StoreError {
    let reason = String(cString: strerror(number))
    return switch number {
    case ENOENT where !creating: .cannotOpen(path: path, reason: "there is no such file")
    case EACCES, EPERM, EROFS:
      creating ? .notWritable(path: path, reason: reason) : .cannotOpen(path: path, reason: reason)
    case EISDIR: .notADatabase(path: path)
    case let number where StoreError.fullDiskErrors.contains(number): .diskFull
    default: .cannotOpen(path: path, reason: reason)
    }
  }
}
