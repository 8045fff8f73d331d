import Foundation
import Glibc

/// An open file with a lock on it (flock), which ends with this value's owner: also when the process dies.
final class LockedFile: Sendable {
  let descriptor: Int32

  enum Kind {
    /// Many may hold it.
    case shared
    /// One alone.
    case exclusive
  }

  /// - Parameter waits: Whether to wait for others. For locks only that are held for moments.
  /// - Returns: nil when others hold it, or the file is not there.
  init?(_ path: String, _ kind: Kind, flags: Int32 = O_RDONLY, waits: Bool) {
    descriptor = open(path, flags | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    let operation = (kind == .shared ? LOCK_SH : LOCK_EX) | (waits ? 0 : LOCK_NB)
    var status = flock(descriptor, operation)
    while status != 0, errno == EINTR { status = flock(descriptor, operation) }
    guard status == 0 else { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Whether the file at the path is this one, and was not removed or replaced before the lock was there.
  func isStill(at path: String) -> Bool {
    var own = stat()
    var there = stat()
    return fstat(descriptor, &own) == 0 && lstat(path, &there) == 0 && own.st_ino == there.st_ino
      && own.st_dev == there.st_dev
  }

  var size: Int64 {
    var own = stat()
    return fstat(descriptor, &own) == 0 ? Int64(own.st_size) : 0
  }

  /// Notes that it is used now: the time of its last change.
  func touch() { futimens(descriptor, nil) }
}
