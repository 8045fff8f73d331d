import Glibc

/// A nonblocking TCP socket that listens.
struct ListeningSocket: Sendable {
  let descriptor: Int32
  let address: BoundAddress

  /// What came of one accept(2).
  enum Accepted {
    case connection(descriptor: Int32, address: String)
    case none
    /// The process or system is out of descriptors or memory: accept again later.
    case exhausted
  }

  /// Binds and listens.
  /// - Throws: `ServerError`.
  init(host: String, port: Int, backlog: Int) throws(ServerError) {
    guard let port16 = UInt16(exactly: port) else { throw .badAddress(host: host, port: port) }
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port16), &hints, &list) == 0, let first = list else {
      throw .badAddress(host: host, port: port)
    }
    defer { freeaddrinfo(first) }
    descriptor = try Self.bound(to: first.pointee, host: host, port: port, backlog: backlog)
    guard let address = SocketAddress.local(of: descriptor) else {
      let error = errno
      _ = Glibc.close(descriptor)
      throw .system(call: "getsockname", errno: error)
    }
    self.address = address
  }

  private static func bound(
    to info: addrinfo, host: String, port: Int, backlog: Int
  ) throws(ServerError) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(info.ai_family, kind, info.ai_protocol)
    guard descriptor >= 0 else { throw .system(call: "socket", errno: errno) }
    var on: Int32 = 1
    // Without this a restart fails while connections of the last run are in TIME_WAIT.
    _ = setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var call = "bind"
    var status = bind(descriptor, info.ai_addr, info.ai_addrlen)
    if status == 0 {
      call = "listen"
      status = listen(descriptor, Int32(clamping: max(1, backlog)))
    }
    guard status != 0 else { return descriptor }
    let error = errno
    _ = Glibc.close(descriptor)
    switch error {
    case EADDRINUSE: throw .addressInUse(host: host, port: port)
    case EACCES, EPERM: throw .permissionDenied(host: host, port: port)
    case EADDRNOTAVAIL, EINVAL: throw .badAddress(host: host, port: port)
    default: throw .system(call: call, errno: error)
    }
  }

  /// Accepts one connection if one waits.
  func accept() -> Accepted {
    while true {
      var storage = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let accepted = withUnsafeMutablePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.accept(descriptor, $0, &length)
        }
      }
      if accepted >= 0 {
        // Linux does not let a connection inherit these (accept(2)).
        _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        var on: Int32 = 1
        // A response in two segments would wait for the peer's delayed acknowledgement.
        _ = setsockopt(
          accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        let address = SocketAddress.describe(storage, length: length)
        return .connection(descriptor: accepted, address: address?.host ?? "unknown")
      }
      switch errno {
      case EINTR, ECONNABORTED: continue
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
      default: return .none
      }
    }
  }

  func close() {
    _ = Glibc.close(descriptor)
  }
}
