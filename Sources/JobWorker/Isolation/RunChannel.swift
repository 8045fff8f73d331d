import Foundation
import Glibc
import Synchronization

/// One end of the socket between a worker and the process of a job: messages of a kind (1 byte), a head
/// (4 bytes of length) and a body (8 bytes of length), little-endian.
///
/// No wait is without a look around: `tick` is called ten times a second, and what it throws ends the call.
/// One thread may send while another receives.
final class RunChannel: Sendable {
  /// The socket ended, or said what is no message.
  struct Broken: Error {}

  private static let headLimit = 16 << 20
  private static let bodyLimit = 8 << 30
  private static let piece = 1 << 20

  private let descriptor: Int32
  private let sending = Mutex(())

  /// Takes over the descriptor of a connected socket.
  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  func send(_ message: RunMessage, tick: () throws -> Void = {}) throws {
    guard message.head.count <= Self.headLimit, message.body.count <= Self.bodyLimit else {
      throw Broken()
    }
    var start = Data([message.kind.rawValue])
    withUnsafeBytes(of: UInt32(message.head.count).littleEndian) { start.append(contentsOf: $0) }
    withUnsafeBytes(of: UInt64(message.body.count).littleEndian) { start.append(contentsOf: $0) }
    start.append(message.head)
    try sending.withLock { _ in
      try write(start, tick)
      try write(message.body, tick)
    }
  }

  /// The next message; nil when the other end has gone.
  func receive(tick: () throws -> Void = {}) throws -> RunMessage? {
    guard let start = try read(13, tick) else { return nil }
    let numbers = Array(start)
    let headLength = numbers[1..<5].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    let bodyLength = numbers[5..<13].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    guard let kind = RunMessage.Kind(rawValue: numbers[0]), headLength <= Self.headLimit,
      bodyLength <= Self.bodyLimit, let head = try read(Int(headLength), tick),
      let body = try read(Int(bodyLength), tick)
    else { throw Broken() }
    return RunMessage(kind: kind, head: head, body: body)
  }

  private func write(_ data: Data, _ tick: () throws -> Void) throws {
    try data.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Glibc.send(
          descriptor, bytes.baseAddress?.advanced(by: done), min(Self.piece, bytes.count - done),
          Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        if count > 0 {
          done += count
        } else if errno == EAGAIN || errno == EINTR {
          try wait(for: Int16(POLLOUT), tick)
        } else {
          throw Broken()
        }
      }
    }
  }

  /// So many bytes, as they come: the length that was announced is not believed until they are there.
  private func read(_ count: Int, _ tick: () throws -> Void) throws -> Data? {
    var data = Data()
    var buffer = [UInt8](repeating: 0, count: min(count, Self.piece))
    while data.count < count {
      let received = recv(
        descriptor, &buffer, min(buffer.count, count - data.count), Int32(MSG_DONTWAIT))
      if received > 0 {
        data.append(contentsOf: buffer.prefix(received))
      } else if received < 0, errno == EAGAIN || errno == EINTR {
        try wait(for: Int16(POLLIN), tick)
      } else {
        return nil
      }
    }
    return data
  }

  private func wait(for events: Int16, _ tick: () throws -> Void) throws {
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    _ = poll(&entry, 1, 100)
    try tick()
  }
}
