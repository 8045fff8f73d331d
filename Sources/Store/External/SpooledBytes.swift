import Digests
import Foundation
import Glibc

/// Bytes that came in pieces, held until their digest is known: up to 16 MiB in memory, more in a file
/// that has no name and goes away with its last descriptor.
public final class SpooledBytes: Sendable {
  /// Where they are.
  public enum Content: Sendable {
    /// In memory.
    case memory(Data)
    /// From the beginning of this open file on.
    case file(descriptor: Int32)
  }

  /// The most bytes that are held in memory.
  public static let most = 16 << 20

  /// How many bytes.
  public let size: Int64
  /// Their SHA-256.
  public let digest: SHA256Digest
  /// The bytes. A file's descriptor is this object's: duplicate it to keep it longer.
  public let content: Content

  /// Takes what `next` hands out until it returns nil.
  /// - Parameters:
  ///   - folder: Where a file is made.
  ///   - next: Gives pieces of any size.
  /// - Throws: What `next` throws, ``StoreError/notWritable(path:reason:)``, ``StoreError/diskFull``.
  public init(in folder: String, _ next: () throws -> Data?) throws {
    var hasher = SHA256()
    var memory = Data()
    var size: Int64 = 0
    var file: Int32?
    do {
      while let piece = try next() {
        hasher.update(piece)
        size += Int64(piece.count)
        if file == nil, memory.count + piece.count > Self.most {
          let made = try Self.file(in: folder)
          file = made
          try Self.write(memory, to: made, folder)
          memory = Data()
        }
        if let file { try Self.write(piece, to: file, folder) } else { memory.append(piece) }
      }
    } catch {
      if let file { Glibc.close(file) }
      throw error
    }
    self.size = size
    digest = hasher.finalize()
    content = file.map { .file(descriptor: $0) } ?? .memory(memory)
  }

  deinit { if case .file(let descriptor) = content { Glibc.close(descriptor) } }

  private static func file(in folder: String) throws -> Int32 {
    let path = "\(folder)/crisp-\(UUID())"
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StoreError.notWritable(path: folder, reason: String(cString: strerror(errno)))
    }
    unlink(path)
    return descriptor
  }

  private static func write(_ bytes: Data, to file: Int32, _ folder: String) throws {
    try bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest)
        let count = Glibc.write(file, piece.baseAddress, piece.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          if StoreError.fullDiskErrors.contains(errno) { throw StoreError.diskFull }
          throw StoreError.notWritable(path: folder, reason: String(cString: strerror(errno)))
        }
        rest = rest.dropFirst(count)
      }
    }
  }
}

extension StoreError {
  /// No space on the disk, in the user's quota, or under the process's limit for a file's size.
  package static let fullDiskErrors: Set<Int32> = [ENOSPC, EDQUOT, EFBIG]
}
