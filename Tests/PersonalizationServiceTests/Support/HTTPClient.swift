import Foundation
import Glibc
import ServiceAPI
import Testing

/// A client that sends the very bytes it is told to, one connection a request.
struct HTTPClient: Sendable {
  struct Failure: Error {
    let call: String
    let errno: Int32
  }

  /// One response.
  struct Reply {
    let status: Int
    let fields: [(name: String, value: String)]
    let body: Data

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSONValue { (try? JSONDecoder().decode(JSONValue.self, from: body)) ?? .null }
    /// The `code` of a problem.
    var code: String? { json["code"]?.text }
    /// The `param` of a problem.
    var param: String? { json["param"]?.text }
    /// The `detail` of a problem.
    var detail: String { json["detail"]?.text ?? "" }

    subscript(name: String) -> String? {
      fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
      try JSONDecoder().decode(type, from: body)
    }
  }

  let port: Int
  /// Sent with every request.
  var fields: [(name: String, value: String)] = []

  /// The same client with further fields in every request.
  func with(_ fields: [(String, String)]) -> HTTPClient {
    HTTPClient(port: port, fields: self.fields + fields.map { (name: $0.0, value: $0.1) })
  }

  /// A request and its response. `target` and `fields` go out as they are.
  func send(
    _ method: String, _ target: String, fields: [(String, String)] = [], body: Data? = nil,
    checksContract: Bool = true
  ) throws -> Reply {
    var head = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    for (name, value) in self.fields + fields.map({ (name: $0.0, value: $0.1) }) {
      head += "\(name): \(value)\r\n"
    }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    let descriptor = try connected()
    defer { close(descriptor) }
    try write(Data((head + "\r\n").utf8) + (body ?? Data()), to: descriptor)
    let reply = try reply(from: read(descriptor))
    guard checksContract else { return reply }
    // Whatever a test is about: no answer may contradict the API's document.
    for violation in APIContract.shared.violations(method: method, target: target, reply: reply) {
      Issue.record("\(method) \(target): \(violation)")
    }
    return reply
  }

  /// Sends the very text of a request, which ends the connection, and reads the response.
  func exchange(_ text: String) throws -> Reply {
    let descriptor = try connected()
    defer { close(descriptor) }
    try write(Data(text.utf8), to: descriptor)
    return try reply(from: read(descriptor))
  }

  func get(_ target: String, fields: [(String, String)] = []) throws -> Reply {
    try send("GET", target, fields: fields)
  }

  func post(_ target: String, _ json: JSONValue, fields: [(String, String)] = []) throws -> Reply {
    try send("POST", target, fields: fields, body: JSONEncoder().encode(json))
  }

  // MARK: Sockets

  func connected() throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(call: "socket", errno: errno) }
    // So that a broken server fails tests rather than holding them up.
    var timeout = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
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
    return descriptor
  }

  /// A server that refuses a body may close before it has all of it; its answer still counts.
  func write(_ data: Data, to descriptor: Int32) throws {
    try data.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let count = Glibc.send(
          descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent,
          Int32(MSG_NOSIGNAL))
        if count <= 0, errno == EPIPE || errno == ECONNRESET { return }
        guard count > 0 else { throw Failure(call: "send", errno: errno) }
        sent += count
      }
    }
  }

  private func read(_ descriptor: Int32) throws -> Data {
    var received = Data()
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count >= 0 else { throw Failure(call: "recv", errno: errno) }
      if count == 0 { return received }
      received.append(contentsOf: buffer.prefix(count))
    }
  }

  private func reply(from data: Data) throws -> Reply {
    guard let end = data.firstRange(of: Data("\r\n\r\n".utf8)) else {
      throw Failure(call: "end of stream inside the header", errno: 0)
    }
    let lines = String(decoding: data[..<end.lowerBound], as: UTF8.self)
      .components(separatedBy: "\r\n")
    let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    let fields = lines.dropFirst().map { line in
      let parts = line.split(separator: ":", maxSplits: 1)
      return (
        name: String(parts[0]),
        value: parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
      )
    }
    return Reply(status: status, fields: fields, body: Data(data[end.upperBound...]))
  }
}

extension String {
  /// Every byte percent-encoded, which leaves nothing to interpretation.
  var encoded: String { utf8.map { String(format: "%%%02X", $0) }.joined() }
}
