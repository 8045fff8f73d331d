import Digests
import Foundation
import Glibc

/// A folder of bytes named by their SHA-256, bounded, for any number of processes at once: files of them, and
/// folders that were made of them.
///
/// What is handed out has been read through and has its digest, also after a power failure or a fault
/// of the disk. When room is needed, what nobody has used for longest goes; what somebody has in use
/// stays.
public final class BlobCache: Sendable {
  /// A file that stays as it is for as long as this object is there.
  public final class Entry: Sendable {
    /// Where.
    public let path: String
    /// Bytes.
    public let size: Int64
    private let lock: LockedFile

    init(path: String, size: Int64, lock: LockedFile) {
      self.path = path
      self.size = size
      self.lock = lock
    }
  }

  /// The folder, which holds nothing else.
  public let folder: String
  /// Bytes at most, of all processes that use the folder.
  public let capacity: Int64

  /// - Parameters:
  ///   - folder: Is made if it is not there.
  ///   - capacity: 1 MiB at least.
  /// - Throws: ``ObjectStoreError/fileUnusable(path:reason:)``.
  public init(folder: String, capacity: Int64) throws(ObjectStoreError) {
    self.folder = URL(fileURLWithPath: folder).standardizedFileURL.path
    self.capacity = max(1 << 20, capacity)
    do {
      try FileManager.default.createDirectory(
        atPath: self.folder, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
    } catch {
      throw .fileUnusable(path: folder, reason: error.localizedDescription)
    }
    guard access(self.folder, R_OK | W_OK | X_OK) == 0 else {
      throw .fileUnusable(path: folder, reason: String(cString: strerror(errno)))
    }
  }

  /// The bytes of a digest: those that are here, or those that `fetch` writes.
  /// - Parameters:
  ///   - size: How many bytes those are.
  ///   - fetch: Hands the bytes over in order, in any pieces. Two processes that need the same bytes may
  ///     fetch them both.
  /// - Throws: ``ObjectStoreError/cacheFull(folder:needed:capacity:)``,
  ///   ``ObjectStoreError/fetchedDamaged(digest:)``, ``ObjectStoreError/fileUnusable(path:reason:)``,
  ///   what `fetch` throws.
  public func entry(
    _ digest: SHA256Digest, size: Int64,
    fetch: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> Entry {
    if let entry = known(digest, size: size) { return entry }
    let fetching = try room(for: size)
    do {
      try fill(fetching.lock, digest, size, fetch)
      let path = path(digest)
      // Shared from now on; the folder's lock keeps others from taking it for old meanwhile.
      guard let turn = turn() else { throw unusable() }
      return try withExtendedLifetime(turn) {
        // Another process may have been quicker. Whoever has its file keeps it by this very name.
        if let lock = LockedFile(path, .shared, waits: false), lock.size == size {
          unlink(fetching.path)
          return Entry(path: path, size: size, lock: lock)
        }
        guard flock(fetching.lock.descriptor, LOCK_SH) == 0, rename(fetching.path, path) == 0 else {
          throw unusable()
        }
        return Entry(path: path, size: size, lock: fetching.lock)
      }
    } catch {
      unlink(fetching.path)
      throw error
    }
  }

  /// What is here and has its digest.
  private func known(_ digest: SHA256Digest, size: Int64) -> Entry? {
    let path = path(digest)
    guard let lock = LockedFile(path, .shared, waits: false), lock.isStill(at: path) else {
      return nil
    }
    guard lock.size == size, (try? SHA256.digest(ofFile: path)) == digest else {
      // Damaged on the disk. Those who have it open keep it; it is fetched anew. What another process has
      // put in its place meanwhile stays.
      if let turn = turn() {
        withExtendedLifetime(turn) { if lock.isStill(at: path) { unlink(path) } }
      }
      return nil
    }
    lock.touch()
    return Entry(path: path, size: size, lock: lock)
  }

  private func fill(
    _ file: LockedFile, _ digest: SHA256Digest, _ size: Int64,
    _ fetch: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    var hasher = SHA256()
    var position: Int64 = 0
    try fetch { piece in
      guard Int64(piece.count) <= size - position else {
        throw ObjectStoreError.fetchedDamaged(digest: digest)
      }
      hasher.update(piece)
      var rest = piece[...]
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest)
        let count = pwrite(file.descriptor, part.baseAddress, part.count, off_t(position))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw unusable() }
        position += Int64(count)
        rest = rest.dropFirst(count)
      }
    }
    guard position == size, hasher.finalize() == digest else {
      throw ObjectStoreError.fetchedDamaged(digest: digest)
    }
  }

  // MARK: Room

  /// A new file of `size` bytes, which counts from now on.
  private func room(for size: Int64) throws -> (lock: LockedFile, path: String) {
    guard size >= 0, size <= capacity else { throw full(size) }
    guard let turn = turn() else { throw unusable() }
    return try withExtendedLifetime(turn) {
      try makeRoom(for: size)
      let path = "\(folder)/fetching-\(UUID())"
      guard
        let file = LockedFile(path, .exclusive, flags: O_RDWR | O_CREAT | O_EXCL, waits: false)
      else { throw unusable() }
      let status = size == 0 ? 0 : posix_fallocate(file.descriptor, 0, off_t(size))
      guard status == 0 else {
        unlink(path)
        throw ObjectStoreError.fileUnusable(
          path: folder, reason: String(cString: strerror(status)))
      }
      return (file, path)
    }
  }

  /// Removes what a process that died left, then what was used longest ago.
  func makeRoom(for size: Int64) throws {
    var entries: [(path: String, size: Int64, used: timespec)] = []
    var total: Int64 = 0
    // Of a folder its lock is listed, which is as long as what the folder holds.
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      throw ObjectStoreError.fileUnusable(path: folder, reason: error.localizedDescription)
    }
    for name in names where name != "lock" {
      let path = "\(folder)/\(name)"
      var there = stat()
      guard lstat(path, &there) == 0, there.st_mode & S_IFMT == S_IFREG else { continue }
      if name.hasPrefix("fetching-"), remove(path) { continue }
      total += Int64(there.st_size)
      entries.append((path, Int64(there.st_size), there.st_mtim))
    }
    entries.sort { ($0.used.tv_sec, $0.used.tv_nsec) < ($1.used.tv_sec, $1.used.tv_nsec) }
    for entry in entries where total > capacity - size {
      if remove(entry.path) { total -= entry.size }
    }
    guard total <= capacity - size else { throw full(size) }
  }

  /// Removes a file that nobody has in use.
  func remove(_ path: String) -> Bool {
    guard let file = LockedFile(path, .exclusive, waits: false) else { return false }
    return withExtendedLifetime(file) {
      guard !path.hasSuffix(Self.folderLock) || removeFolder(lockedBy: path) else { return false }
      return unlink(path) == 0
    }
  }

  /// The folder's lock, held for moments.
  func turn() -> LockedFile? {
    LockedFile("\(folder)/lock", .exclusive, flags: O_RDWR | O_CREAT, waits: true)
  }

  private func path(_ digest: SHA256Digest) -> String { "\(folder)/\(digest.hex)" }

  func full(_ size: Int64) -> ObjectStoreError {
    .cacheFull(folder: folder, needed: size, capacity: capacity)
  }

  func unusable() -> ObjectStoreError {
    .fileUnusable(path: folder, reason: String(cString: strerror(errno)))
  }
}
