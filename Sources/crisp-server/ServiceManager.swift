import Foundation
import Glibc

/// Whoever started the program and wants to be told how it is: a datagram to the Unix socket that
/// `NOTIFY_SOCKET` names, as systemd's `Type=notify` reads it (sd_notify(3)). Without the variable
/// nobody is told anything.
struct ServiceManager {
  private let socketPath: String?

  /// Takes the variable out of the environment: what programs this one starts have to say is not
  /// about this one. Called before there are other threads.
  init() {
    socketPath = getenv("NOTIFY_SOCKET").map { String(cString: $0) }
    unsetenv("NOTIFY_SOCKET")
  }

  /// Whether somebody manages this process.
  var isThere: Bool { socketPath != nil }

  /// The service works. `status` is shown to people.
  func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }

  /// The service ends, which may take a while.
  func stopping() { send("STOPPING=1\nSTATUS=stopping") }

  /// Sends one datagram. What cannot be sent is nobody's loss but the manager's, which then waits for
  /// its own deadline; the service goes on.
  private func send(_ message: String) {
    guard let socketPath else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var name = Array(socketPath.utf8)
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard let first = name.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"),
      name.count < room
    else { return }
    // An abstract name begins with a zero byte and has no other at its end (unix(7)).
    if first == UInt8(ascii: "@") { name[0] = 0 } else { name.append(0) }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size - room + name.count)

    let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Where the manager does not read, its queue is full: a second is all it gets.
    var patience = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let bytes = Array(message.utf8)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, size)
      }
    }
  }
}
