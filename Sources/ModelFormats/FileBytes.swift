import Inputs

#if canImport(FoundationEssentials)
  import FoundationEssentials
  import Glibc
#else
  import Foundation
#endif

/// The bytes of a whole file at an address that does not move, for as long as anything refers to
/// them: what lets a model be used as it stands in its file.
final class FileBytes: Sendable {
  /// The first byte. Readable, never written.
  nonisolated(unsafe) let start: UnsafeRawPointer
  /// Bytes from there.
  let count: Int
  private let isMapped: Bool

  /// A file, mapped: its pages are read when they are used, and the system may drop them again.
  /// Whoever changes the file in place changes the model under its user (mmap(2), `MAP_PRIVATE`),
  /// and whoever cuts it ends the process; to put another file in its place is safe. Where it cannot
  /// be mapped it is read into memory.
  init(contentsOf url: URL) throws(FormatError) {
    if let mapping = FileBytes.map(url) {
      start = UnsafeRawPointer(mapping.start)
      count = mapping.count
      isMapped = true
      return
    }
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw .unreadable(path: url.path, reason: FileFault.reading(url.path))
    }
    (start, count) = data.withUnsafeBytes { FileBytes.copy($0) }
    isMapped = false
  }

  /// A copy: the pointers of `Data` and arrays hold only inside a closure.
  init(copying bytes: UnsafeRawBufferPointer) {
    (start, count) = FileBytes.copy(bytes)
    isMapped = false
  }

  deinit {
    let address = UnsafeMutableRawPointer(mutating: start)
    if isMapped {
      munmap(address, count)
    } else {
      address.deallocate()
    }
  }

  private static func copy(_ bytes: UnsafeRawBufferPointer) -> (UnsafeRawPointer, Int) {
    // A line of the cache, so that a file's alignment is what counts, here as in a mapping.
    let copy = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 64)
    if let source = bytes.baseAddress { copy.copyMemory(from: source, byteCount: bytes.count) }
    return (UnsafeRawPointer(copy), bytes.count)
  }

  /// Nil for all that cannot be mapped: reading it the other way tells why.
  private static func map(_ url: URL) -> (start: UnsafeMutableRawPointer, count: Int)? {
    guard url.isFileURL else { return nil }
    // Not to wait for the other end of a pipe.
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let count = Int(exactly: status.st_size), count > 0,
      let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED
    else { return nil }
    return (start, count)
  }
}
