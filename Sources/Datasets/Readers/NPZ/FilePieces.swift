import Foundation

/// A plain file that is read in pieces, so that sizes can be checked before memory is asked for.
final class FilePieces {
  let path: String
  /// Bytes of the file when it was opened.
  let size: Int
  private let descriptor: Int32

  /// Throws `unreadable` for what cannot be opened or is no plain file.
  init(_ path: String) throws(DatasetError) {
    // A pipe without a writer would block otherwise.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(file: path, reason: "it is not an ordinary file")
    }
    self.path = path
    self.size = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// `count` bytes from `offset` on; throws `malformed` when the file does not have them.
  func bytes(at offset: Int, count: Int) throws(DatasetError) -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
      throw .malformed(
        file: path, reason: "it is cut off: \(count) bytes at \(offset) lie beyond its end")
    }
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let read = bytes.withUnsafeMutableBytes { buffer in
        pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
      }
      if read < 0, errno == EINTR { continue }
      guard read > 0 else {
        throw .unreadable(
          file: path, reason: read == 0 ? "it ends early" : String(cString: strerror(errno)))
      }
      done += read
    }
    return bytes
  }
}
