import Foundation
import ServiceAPI
import TestSupport
import Testing

/// The built program while whoever reads its log goes away or stops reading.
@Suite struct LogReaderTests {
  /// Every request is a line of the log.
  private static let talkative = ["--log-level", "info"]

  private func server(errors: Pipe) throws -> (ServerProcess, TemporaryFolder) {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    return (
      try ServerProcess(database: database, arguments: Self.talkative, errors: errors), folder
    )
  }

  /// As after `crisp-server 2>&1 | tee log`, when tee is killed.
  @Test func aReaderThatGoesAway() throws {
    let errors = Pipe()
    let (server, folder) = try server(errors: errors)
    defer { withExtendedLifetime(folder) {} }
    try errors.fileHandleForReading.close()
    for _ in 0..<20 { #expect(try server.client.get("/jobs").status == 200) }
    // The line of a request is written after its answer.
    try eventually { try Scrape(server.client)["crisp_log_lines_dropped_total"] ?? 0 >= 20 }
    let end = try server.end(with: SIGTERM)
    #expect(end.reason == .exit)
    #expect(end.status == 0)
  }

  /// As after `crisp-server 2>&1 | less`.
  @Test func aReaderThatStopsReading() throws {
    let errors = try Pipe.ofOnePage()
    let (server, folder) = try server(errors: errors)
    defer { withExtendedLifetime(folder) {} }
    // Several pipes full of lines.
    for _ in 0..<300 { #expect(try server.client.get("/jobs").status == 200) }
    #expect(try Scrape(server.client)["crisp_log_lines_dropped_total"] == 0)
    let end = try server.end(with: SIGTERM)
    #expect(end.reason == .exit)
    #expect(end.status == 0)
    let log = String(
      decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
    #expect(log.contains(" info request "))
  }

  /// Standard output too: whoever started the server may have gone before it listens.
  @Test func nobodyWaitsForTheAddress() throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let reserved = try ReservedPort()
    let process = Process()
    process.executableURL = try ServerProcess.executable()
    process.arguments = ["--db", database, "--port", "\(reserved.port)"]
    let output = Pipe()
    process.standardOutput = output
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try output.fileHandleForReading.close()
    try process.run()
    defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
    let client = HTTPClient(port: reserved.port)
    try eventually { !process.isRunning || (try? client.get("/healthz").status) == 200 }
    kill(process.processIdentifier, SIGTERM)
    #expect(ended.wait(timeout: .now() + .seconds(30)) == .success)
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 0)
  }
}

/// A free port of loopback that nobody else is given meanwhile: bound, but not listened on, which
/// SO_REUSEADDR lets another do (socket(7)).
private final class ReservedPort {
  let port: Int
  private let descriptor: Int32

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(descriptor >= 0)
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    try #require(status == 0)
  }

  deinit { close(descriptor) }
}
