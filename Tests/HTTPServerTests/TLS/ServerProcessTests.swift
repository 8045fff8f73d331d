import Foundation
import TestSupport
import Testing

/// `crisp-server` with TLS, from the outside.
@Suite struct ServerProcessTests {
  @Test func hangUpReadsTheCertificateAgain() throws {
    let certificates = try TestCertificates()
    let files = certificates.make("server", serial: 1)
    let server = try ServerProcess([
      "--db", certificates.path("crisp.sqlite"), "--port", "0", "--tls-cert", files.certificate,
      "--tls-key", files.key,
    ])
    let announced = try #require(try server.line(containing: "listening on "))
    #expect(announced.hasPrefix("listening on https://127.0.0.1:"))
    let port = try #require(announced.split(separator: ":").last.flatMap { Int($0) })
    let old = try RawClient(port: port, tls: .init())
    #expect(try old.get("/healthz").status == 200)
    #expect(old.tls?.chain == [1])

    certificates.make("server", serial: 2)
    kill(server.identifier, SIGHUP)
    #expect(try server.line(containing: "the certificate was read again") != nil)
    let fresh = try RawClient(port: port, tls: .init())
    #expect(fresh.tls?.chain == [2])

    _ = try certificates.write("nonsense", to: "server.pem")
    kill(server.identifier, SIGHUP)
    let complaint = try server.line(containing: "the certificate in use is kept")
    #expect(complaint?.contains("server.pem' cannot be used") == true)
    for client in [old, fresh, try RawClient(port: port, tls: .init())] {
      #expect(try client.get("/healthz").status == 200)
    }
    kill(server.identifier, SIGTERM)
    #expect(server.waitForEnd() == 0)
  }

  @Test(arguments: [
    (["--tls-cert", "a.pem"], "--tls-cert and --tls-key go together."),
    (["--tls-key", "a.key"], "--tls-cert and --tls-key go together."),
    (["--lease", "1e308"], "--lease must be 1 to 3600 seconds."),
    (["--lease", "nan"], "--lease must be 1 to 3600 seconds."),
    (["--prediction-memory", "9223372036854775807"], "--prediction-memory must be 1 to 1,048,576"),
    (["--drain-deadline", "9223372036854775807"], "--drain-deadline must be 0 to 86,400 seconds."),
    (["--threads-per-worker=-1"], "--threads-per-worker must be 1 to 1024."),
    (["--queue-limit", "9223372036854775807"], "--queue-limit must be 1 to 1,000,000."),
    (["--idle-timeout", "0"], "--idle-timeout must be 0.01 to 86,400 seconds."),
    (["--header-timeout", "nan"], "--header-timeout must be 0.01 to 86,400 seconds."),
    (["--max-header-fields", "0"], "--max-header-fields must be 1 to 1,073,741,824."),
    (["--max-request-line", "99999999999"], "--max-request-line must be 1 to 1,073,741,824."),
    (
      ["--tls-cert", "absent.pem", "--tls-key", "a.key"], "The certificate file 'absent.pem' cannot"
    ),
  ])
  func optionsThatMakeNoSenseAreNamed(_ arguments: [String], _ message: String) throws {
    let folder = try TestCertificates()
    let server = try ServerProcess(
      ["--db", folder.path("crisp.sqlite"), "--port", "0"] + arguments)
    let line = try server.line(containing: message)
    #expect(line != nil)
    #expect(server.waitForEnd() != 0)
  }
}

/// A server process whose output and log come through one pipe.
private final class ServerProcess {
  private let process = Process()
  private let pipe = Pipe()
  private var rest: [UInt8] = []

  var identifier: Int32 { process.processIdentifier }

  /// Starts the program, which lies beside the test bundle.
  init(_ arguments: [String]) throws {
    let bundle = try #require(CommandLine.arguments.first)
    process.executableURL = URL(fileURLWithPath: bundle).resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "crisp-server")
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Or the end of the output would never come.
    try pipe.fileHandleForWriting.close()
  }

  deinit { if process.isRunning { process.terminate() } }

  /// The next line with that text; nil when the output ends before it.
  func line(containing text: String) throws -> String? {
    while true {
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: rest[..<end], as: UTF8.self)
        rest.removeFirst(end + 1)
        if line.contains(text) { return line }
      }
      guard let more = try pipe.fileHandleForReading.read(upToCount: 1), !more.isEmpty else {
        return nil
      }
      rest += more
    }
  }

  func waitForEnd() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }
}
