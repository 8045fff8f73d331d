import Digests
import Foundation
import Glibc

// A folder of the cache is DIGEST.folder; whoever uses it has a lock on DIGEST.locked, a file without content
// whose length is what the folder takes.
extension BlobCache {
  static let folderLock = ".locked"
  private static let folderEnd = ".folder"

  /// The folder that was made of a digest's bytes: the one that is here, or one that `fill` fills.
  /// - Parameters:
  ///   - size: Bytes that its files have together.
  ///   - wait: Called again and again, once a second at most, while another process fills it or all room is
  ///     in use; what it throws ends the waiting.
  ///   - fill: Fills the folder of a path, which is thrown away when it throws.
  /// - Throws: ``ObjectStoreError/cacheFull(folder:needed:capacity:)`` for more than the whole cache holds,
  ///   ``ObjectStoreError/fileUnusable(path:reason:)``, what the closures throw.
  public func folder(
    _ digest: SHA256Digest, size: Int64, wait: () throws -> Void, fill: (String) throws -> Void
  ) throws -> Entry {
    guard size >= 0, size <= capacity else { throw full(size) }
    let lockPath = "\(folder)/\(digest.hex)\(Self.folderLock)"
    let path = folderPath(lockedBy: lockPath)
    while true {
      if let lock = LockedFile(lockPath, .shared, waits: false), lock.isStill(at: lockPath),
        isFolder(path)
      {
        lock.touch()
        return Entry(path: path, size: size, lock: lock)
      }
      if let lock = try reserve(lockPath, size) {
        if let entry = try filled(path, lock, lockPath, size, fill) { return entry }
      } else {
        try wait()
        Thread.sleep(forTimeInterval: 0.5)
      }
    }
  }

  /// Removes the folder of a digest, whose files turned out to be damaged.
  /// - Returns: Whether it is gone; a folder that somebody has in use stays.
  public func forgetFolder(_ digest: SHA256Digest) -> Bool {
    guard let turn = turn() else { return false }
    return withExtendedLifetime(turn) {
      let lockPath = "\(folder)/\(digest.hex)\(Self.folderLock)"
      return access(lockPath, F_OK) != 0 || remove(lockPath)
    }
  }

  /// The lock of a folder that is to be filled, once there is room; nil while there is none, or another
  /// process has the lock.
  private func reserve(_ lockPath: String, _ size: Int64) throws -> LockedFile? {
    guard let turn = turn() else { throw unusable() }
    return try withExtendedLifetime(turn) {
      // What a process that died has half filled, or somebody removed in part, goes first.
      if access(lockPath, F_OK) == 0 {
        guard let old = LockedFile(lockPath, .exclusive, waits: false) else { return nil }
        // Filled meanwhile: the next look finds it.
        if isFolder(folderPath(lockedBy: lockPath)) { return nil }
        guard withExtendedLifetime(old, { removeFolder(lockedBy: lockPath) }) else {
          throw unusable()
        }
        unlink(lockPath)
      }
      do { try makeRoom(for: size) } catch ObjectStoreError.cacheFull { return nil }
      guard
        let lock = LockedFile(
          lockPath, .exclusive, flags: O_RDWR | O_CREAT | O_EXCL, waits: false)
      else { throw unusable() }
      guard ftruncate(lock.descriptor, off_t(size)) == 0 else {
        unlink(lockPath)
        throw unusable()
      }
      return lock
    }
  }

  private func filled(
    _ path: String, _ lock: LockedFile, _ lockPath: String, _ size: Int64,
    _ fill: (String) throws -> Void
  ) throws -> Entry? {
    let filling = "\(path).filling"
    do {
      guard mkdir(filling, 0o700) == 0 else { throw unusable() }
      try fill(filling)
      // Everything is on the disk before the name says that it is there: syncing each of a million files
      // would take hours.
      sync()
      // Shared from now on; the folder's lock keeps others from taking it for old meanwhile.
      guard let turn = turn() else { throw unusable() }
      try withExtendedLifetime(turn) {
        guard rename(filling, path) == 0, flock(lock.descriptor, LOCK_SH) == 0 else {
          throw unusable()
        }
      }
      return Entry(path: path, size: size, lock: lock)
    } catch {
      if removeFolder(lockedBy: lockPath) { unlink(lockPath) }
      throw error
    }
  }

  /// Removes a folder, filled or half filled, whose lock the caller has.
  func removeFolder(lockedBy lockPath: String) -> Bool {
    let path = folderPath(lockedBy: lockPath)
    // Under another name first: a part of it must not pass for all.
    if isFolder(path), rename(path, "\(path).removed") != 0 { return false }
    for end in [".removed", ".filling"] where isFolder(path + end) {
      do { try FileManager.default.removeItem(atPath: path + end) } catch { return false }
    }
    return true
  }

  private func folderPath(lockedBy lockPath: String) -> String {
    lockPath.dropLast(Self.folderLock.count) + Self.folderEnd
  }

  private func isFolder(_ path: String) -> Bool {
    var there = stat()
    return lstat(path, &there) == 0 && there.st_mode & S_IFMT == S_IFDIR
  }
}
