import Foundation
import Testing

/// A terminal for a program under test: what it writes is read here, and what is typed here it reads.
final class PseudoTerminal {
  /// The program's end. To be closed when the program has it, so that its end can be seen.
  let device: FileHandle
  private let master: FileHandle
  /// All that was written so far.
  private(set) var text = ""

  init() throws {
    var (master, device): (Int32, Int32) = (-1, -1)
    try #require(openpty(&master, &device, nil, nil, nil) == 0, "errno \(errno)")
    self.master = FileHandle(fileDescriptor: master, closeOnDealloc: true)
    self.device = FileHandle(fileDescriptor: device, closeOnDealloc: true)
  }

  /// Reads until the program has written something, or ended; whether it has.
  @discardableResult
  func read(until isDone: (String) -> Bool) throws -> Bool {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while !isDone(text) {
      var descriptor = pollfd(fd: master.fileDescriptor, events: Int16(POLLIN), revents: 0)
      try #require(poll(&descriptor, 1, 60_000) == 1, "nothing was written after: \(text)")
      let count = Glibc.read(master.fileDescriptor, &bytes, bytes.count)
      // EIO: the other end is closed (tty_ioctl(4)).
      guard count > 0 else { return false }
      text += String(decoding: bytes[..<count], as: UTF8.self)
    }
    return true
  }

  func type(_ text: String) throws { try master.write(contentsOf: Data(text.utf8)) }
}
