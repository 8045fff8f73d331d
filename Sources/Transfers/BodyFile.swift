import Foundation

/// A file that requests send parts of; open for as long as one of them has it.
public final class BodyFile: Sendable {
  /// The path, for errors.
  public let path: String
  private let descriptor: Int32

  /// Opens a file for reading.
  /// - Throws: ``TransferError/unreadableBody(path:reason:)``.
  public init(path: String) throws(TransferError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .unreadableBody(path: path, reason: String(cString: strerror(errno)))
    }
    self.path = path
    self.descriptor = descriptor
  }

  /// Takes an open file over, and closes it in the end.
  public init(taking descriptor: Int32, path: String) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Reads from `offset` on, until the buffer is full or the file ends.
  /// - Returns: How many bytes.
  /// - Throws: ``TransferError/unreadableBody(path:reason:)``.
  public func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(TransferError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw .unreadableBody(path: path, reason: String(cString: strerror(errno)))
      }
      if count == 0 { break }
      filled += count
    }
    return filled
  }
}
