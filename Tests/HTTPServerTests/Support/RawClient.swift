import Glibc

/// A client that sends the very bytes it is told to, for what no HTTP library would send.
final class RawClient {
  private let descriptor: Int32
  /// The TLS above the socket, if there is any.
  private(set) var tls: TLSPeer?
  private var received: [UInt8] = []

  struct Failure: Error {
    let call: String
    let errno: Int32
  }

  /// One response, as received.
  struct Reply {
    let status: Int
    let fields: [(name: String, value: String)]
    let body: [UInt8]
    /// Whether the body came to its announced end.
    let isComplete: Bool

    var text: String { String(decoding: body, as: UTF8.self) }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
  }

  /// Connects to a port on 127.0.0.1. Reads fail after 120 s, so that a broken server fails tests
  /// rather than holding them up.
  init(port: Int, receiveBuffer: Int32? = nil, tls options: TLSPeer.Options? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(call: "socket", errno: errno) }
    var timeout = timeval(tv_sec: 120, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else {
      let error = errno
      close(descriptor)
      throw Failure(call: "connect", errno: error)
    }
    if let options { tls = try TLSPeer(descriptor: descriptor, options) }
  }

  deinit { close(descriptor) }

  func send(_ text: String) throws { try send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) throws {
    if let tls { return try tls.send(bytes) }
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(
          descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(call: "send", errno: errno) }
      sent += count
    }
  }

  func finishSending() {
    tls?.finishSending()
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Sends a request and reads its response.
  func get(_ target: String, fields: String = "") throws -> Reply {
    try send("GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
    return try reply()
  }

  /// Sends a request and reads the head of its response; `chunk` reads the body.
  func open(_ target: String, fields: String = "") throws -> Reply {
    try send("GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
    let (status, fields) = try head()
    return Reply(status: status, fields: fields, body: [], isComplete: false)
  }

  /// The next chunk of a body; nil at its end. Throws when it ends early.
  func chunk() throws -> String? {
    let end = Array("\r\n".utf8)
    guard let size = Int(try line(until: end), radix: 16) else {
      throw Failure(call: "chunk size", errno: 0)
    }
    let (chunk, isComplete) = try take(size)
    guard isComplete, try take(2).0 == end else { throw Failure(call: "chunk", errno: 0) }
    return size == 0 ? nil : String(decoding: chunk, as: UTF8.self)
  }

  private func head() throws -> (status: Int, fields: [(name: String, value: String)]) {
    let head = try line(until: Array("\r\n\r\n".utf8))
    let lines = head.split(separator: "\r\n").map(String.init)
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    let fields = lines.dropFirst().map { line in
      let parts = line.split(separator: ":", maxSplits: 1)
      let value = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
      return (name: String(parts[0]), value: String(value))
    }
    return (status, fields)
  }

  /// Reads the next response, interim ones included.
  func reply(isHead: Bool = false) throws -> Reply {
    let (status, fields) = try head()
    var body: [UInt8] = []
    var isComplete = true
    let field = { (name: String) in fields.first { $0.name == name }?.value }
    if isHead || status < 200 || status == 204 || status == 304 {
    } else if let length = field("Content-Length").flatMap({ Int($0) }) {
      (body, isComplete) = try take(length)
    } else if field("Transfer-Encoding") == "chunked" {
      (body, isComplete) = try chunks()
    } else {
      body = try rest()
    }
    return Reply(status: status, fields: fields, body: body, isComplete: isComplete)
  }

  /// Reads so many bytes of a body, or what comes of them.
  func bytes(_ count: Int) throws -> [UInt8] { try take(count).0 }

  /// Reads until the server closes the connection.
  func rest() throws -> [UInt8] {
    while try receive() {}
    defer { received = [] }
    return received
  }

  private func line(until end: [UInt8]) throws -> String {
    while true {
      if let range = received.firstRange(of: end) {
        let text = String(decoding: received[..<range.lowerBound], as: UTF8.self)
        received.removeFirst(range.upperBound)
        return text
      }
      guard try receive() else { throw Failure(call: "end of stream", errno: 0) }
    }
  }

  private func take(_ count: Int) throws -> ([UInt8], Bool) {
    while received.count < count, try receive() {}
    let taken = Array(received.prefix(count))
    received.removeFirst(taken.count)
    return (taken, taken.count == count)
  }

  private func chunks() throws -> ([UInt8], Bool) {
    var body: [UInt8] = []
    do {
      while true {
        guard let size = Int(try line(until: Array("\r\n".utf8)), radix: 16) else {
          return (body, false)
        }
        let (chunk, isComplete) = try take(size)
        body += chunk
        guard isComplete, try take(2).1 else { return (body, false) }
        if size == 0 { return (body, true) }
      }
    } catch let failure as Failure where failure.errno == 0 {
      return (body, false)
    }
  }

  private func receive() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    let count = try tls?.receive(into: &buffer) ?? recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { throw Failure(call: "recv", errno: errno) }
    received += buffer.prefix(count)
    return count > 0
  }
}
