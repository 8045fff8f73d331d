import Foundation
import Glibc
import TestSupport
import Testing

/// What a service manager is told, over a real socket (sd_notify(3)).
@Suite struct ServiceManagerTests {
  private func database(in folder: TemporaryFolder) throws -> String {
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    return database
  }

  @Test(arguments: [false, true])
  func theStartAndTheEndAreTold(abstract: Bool) throws {
    let folder = try TemporaryFolder()
    let name = abstract ? "@crisp-\(UUID().uuidString)" : folder.file("notify")
    let manager = try NotificationSocket(name)
    let server = try ServerProcess(
      database: database(in: folder), wrapper: ["/usr/bin/env", "NOTIFY_SOCKET=\(name)"])
    #expect(
      try manager.next() == [
        "READY=1", "STATUS=listening on http://127.0.0.1:\(server.client.port)",
      ])
    // `systemctl reload`, without a certificate to read.
    kill(server.processIdentifier, SIGHUP)
    #expect(try server.client.get("/readyz").status == 200)
    #expect(try server.end(with: SIGTERM).status == 0)
    #expect(try manager.next() == ["STOPPING=1", "STATUS=stopping"])
  }

  /// Nobody there, no path, and a path longer than an address holds.
  @Test(arguments: ["/nowhere/notify", "notify", "", "/" + String(repeating: "n", count: 200)])
  func nobodyIsThere(name: String) throws {
    let folder = try TemporaryFolder()
    let server = try ServerProcess(
      database: database(in: folder), wrapper: ["/usr/bin/env", "NOTIFY_SOCKET=\(name)"])
    #expect(try server.client.get("/healthz").status == 200)
    #expect(try server.end(with: SIGTERM).status == 0)
  }
}

/// The manager's end. A name with `@` in front is abstract.
private final class NotificationSocket {
  private let descriptor: Int32

  init(_ name: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    try #require(descriptor >= 0)
    var patience = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
    let room = MemoryLayout.size(ofValue: address.sun_path)
    try #require(bytes.count < room)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size - room + bytes.count)
    let descriptor = descriptor
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
    }
    try #require(status == 0)
  }

  deinit { close(descriptor) }

  /// The lines of the next message.
  func next() throws -> [String] {
    var bytes = [UInt8](repeating: 0, count: 4096)
    var count = recv(descriptor, &bytes, bytes.count, 0)
    // With a timeout, being stopped and continued is an interruption (signal(7)).
    while count < 0, errno == EINTR { count = recv(descriptor, &bytes, bytes.count, 0) }
    try #require(count > 0)
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
