import Dispatch
import Foundation
import Glibc
import Synchronization

/// A server on a free port of 127.0.0.1 that does what a closure says with every connection: for
/// answers that no proper server gives.
package final class ScriptedServer: Sendable {
  package let port: Int
  private let listener: Int32
  private let open = Mutex<Set<Int32>>([])

  /// - Parameter serve: called for each connection, on a thread of its own; the connection ends when
  ///   it returns.
  package init(_ serve: @escaping @Sendable (ScriptedPeer) throws -> Void) throws {
    let listener = socket(
      AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    self.listener = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) | listen(listener, 64) | getsockname(listener, $0, &length)
      }
    }
    guard status == 0 else { throw POSIXError(.EADDRINUSE) }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [weak self] in
      while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
        guard let self else {
          close(descriptor)
          return
        }
        self.open.withLock { _ = $0.insert(descriptor) }
        Thread.detachNewThread {
          try? serve(ScriptedPeer(descriptor))
          self.end(descriptor)
        }
      }
    }
  }

  deinit { stop() }

  package var url: String { "http://127.0.0.1:\(port)" }

  /// Takes no more connections, and ends those that are there.
  package func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    open.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
  }

  private func end(_ descriptor: Int32) {
    open.withLock { _ = $0.remove(descriptor) }
    close(descriptor)
  }
}

/// The server's end of one connection.
package final class ScriptedPeer {
  /// One request as it came.
  package struct Request: Sendable {
    package let method: String
    package let target: String
    /// By lower-case names.
    package let fields: [String: String]
    package let body: Data
  }

  private let descriptor: Int32
  private var received = Data()

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// The next request; nil when the client has closed.
  package func request() throws -> Request? {
    let end = Data("\r\n\r\n".utf8)
    while received.range(of: end) == nil { guard try receive() else { return nil } }
    guard let range = received.range(of: end) else { return nil }
    let lines = String(decoding: received[..<range.lowerBound], as: UTF8.self)
      .components(separatedBy: "\r\n")
    received = Data(received[range.upperBound...])
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon].lowercased()] = line[line.index(after: colon)...]
        .trimmingCharacters(in: .whitespaces)
    }
    let words = lines[0].split(separator: " ").map(String.init)
    if fields["expect"] != nil { try send("HTTP/1.1 100 Continue\r\n\r\n") }
    let length = Int(fields["content-length"] ?? "0") ?? 0
    while received.count < length { guard try receive() else { return nil } }
    defer { received = Data(received.dropFirst(length)) }
    return Request(
      method: words.first ?? "", target: words.count > 1 ? words[1] : "", fields: fields,
      body: Data(received.prefix(length)))
  }

  package func send(_ text: String) throws { try send(Data(text.utf8)) }

  package func send(_ bytes: Data) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw POSIXError(.EPIPE) }
      rest = rest.dropFirst(count)
    }
  }

  /// Sends a whole answer.
  package func answer(_ status: Int, _ fields: [String: String] = [:], _ body: String = "") throws {
    let lines = fields.map { "\($0.key): \($0.value)\r\n" }.sorted().joined()
    try send(
      "HTTP/1.1 \(status) Status\r\n\(lines)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  /// Waits until the client closes.
  package func waitForEnd() throws { while try receive() {} }

  private func receive() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    received.append(contentsOf: buffer[..<count])
    return true
  }
}
