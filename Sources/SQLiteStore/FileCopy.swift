import CSQLite
import Foundation
import GRDB
import Store

/// A copy of a database under a name that is free: complete and on the disk, or not there.
enum FileCopy {
  /// Copies page by page while others work (<https://www.sqlite.org/backup.html>), with the schema the
  /// database has.
  /// - Throws: ``StoreError/nameTaken(_:_:)`` when the file exists, also one made meanwhile,
  ///   ``StoreError/directoryMissing(path:)``, ``StoreError/notWritable(path:reason:)``,
  ///   ``StoreError/diskFull``.
  static func write(_ database: any DatabaseWriter, to target: String) throws {
    try DatabaseFile.requireFolder(of: target)
    guard access(target, F_OK) != 0 else { throw StoreError.nameTaken(.file, target) }
    let partial = try writePartial(database, of: target)
    do { try rename(partial, to: target) } catch {
      unlink(partial)
      throw error
    }
    try synchronizeFolder(of: target)
  }

  /// Copies a database to a name of its own beside the one it is meant for.
  /// - Returns: The name.
  static func writePartial(_ database: any DatabaseWriter, of target: String) throws -> String {
    // Of its own, so that two backups to one name do not write into one file.
    let partial = "\(target).partial-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    do {
      let file = try HeldFile(path: partial, creating: true)
      let copy = try DatabaseQueue(path: partial)
      do { try database.backup(to: copy) } catch {
        throw copy.unsafeRead { StoreError.translating(error, of: $0, path: target) }
      }
      try copy.close()
      file.release()
      try synchronize(partial)
    } catch {
      for suffix in ["", "-wal", "-shm"] { unlink(partial + suffix) }
      throw StoreError.translating(error, path: target)
    }
    return partial
  }

  /// Gives a file its name unless something has it.
  /// - Throws: ``StoreError/nameTaken(_:_:)``.
  static func rename(_ source: String, to target: String) throws {
    var reason = crisp_rename_without_replacing(source, target)
    // Not every file system knows it; a second name is never given to what is there either.
    if reason == EINVAL || reason == ENOSYS {
      reason = link(source, target) == 0 ? 0 : errno
      if reason == 0 { unlink(source) }
    }
    if reason == EEXIST { throw StoreError.nameTaken(.file, target) }
    guard reason == 0 else {
      throw StoreError.notWritable(path: target, reason: String(cString: strerror(reason)))
    }
  }

  /// Puts the names in a file's folder onto the disk.
  static func synchronizeFolder(of path: String) throws {
    try synchronize(URL(fileURLWithPath: path).deletingLastPathComponent().path)
  }

  /// Puts a file's content, or a folder's names, onto the disk (fsync(2)). Not for a database that a
  /// store has open: see ``HeldFile``.
  private static func synchronize(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw StoreError.cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      if StoreError.fullDiskErrors.contains(errno) { throw StoreError.diskFull }
      throw StoreError.notWritable(path: path, reason: String(cString: strerror(errno)))
    }
  }
}

extension Date {
  /// For names of files: 20261130T091500Z.
  var inFileNames: String {
    formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
  }
}
