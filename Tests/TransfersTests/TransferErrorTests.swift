import Foundation
import HTTPServer
import HTTPTypes
import Logging
import TestSupport
import Testing
import Transfers

@Suite(.enabled(if: TransferClient.isAvailable, "built without the trait Fleet"))
struct TransferErrorTests {
  private func failure(
    _ url: String, _ change: (inout TransferClient.Configuration) -> Void = { _ in }
  ) -> TransferError? {
    var configuration = TransferClient.Configuration()
    change(&configuration)
    do throws(TransferError) {
      _ = try TransferClient(configuration).send(TransferRequest(.get, url))
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    ("", "it is no URL"), ("127.0.0.1:80", "it is no URL"),
    ("ftp://host/", "it begins with neither http:// nor https://"),
    ("file:///etc/passwd", "it begins with neither http:// nor https://"),
    ("http://", "it names no host"), ("http:///path", "it names no host"),
    ("http://host:0/", "the port is not 1 to 65535"),
    ("http://host:65536/", "the port is not 1 to 65535"),
    ("http://host/a b", "it has spaces or characters that must be escaped"),
    ("http://host/\r\nX: y", "it has spaces or characters that must be escaped"),
    ("http://hóst/", "it has spaces or characters that must be escaped"),
    ("http://host/" + String(repeating: "a", count: 16 * 1024), "it is longer than 16384 bytes"),
  ])
  func refusesAddress(_ url: String, _ reason: String) {
    let error = failure(url)
    #expect(error?.code == "invalid_url")
    #expect(error.map { "\($0)" }?.contains(reason) == true, "\(String(describing: error))")
  }

  @Test func noSecretOfAnAddressIsRepeated() throws {
    for url in ["http://user:hushhush@host/", "ftp://host/?signature=hushhush"] {
      let error = try #require(failure(url))
      #expect(error.code == "invalid_url")
      #expect(!"\(error)".contains("hushhush"))
    }
    let request = TransferRequest(
      .get, "https://host/a?signature=hushhush", headers: [.authorization: "hushhush"])
    #expect("\(request)" == "GET https://host/a")
    #expect(String(reflecting: request) == "GET https://host/a")
  }

  @Test func namesWhoIsNotThere() throws {
    let server = try ScriptedServer { _ in }
    let host = "127.0.0.1:\(server.port)"
    server.stop()
    let refused = try #require(failure("http://\(host)/"))
    #expect(refused.code == "host_unreachable")
    #expect("\(refused)".contains(host))
    #expect(refused.isPassing)
    #expect(failure("http://nobody.invalid/") == .unresolved(host: "nobody.invalid"))
  }

  @Test func saysWhatTookTooLong() throws {
    let silent = try ScriptedServer { peer in try peer.waitForEnd() }
    let host = "127.0.0.1:\(silent.port)"
    #expect(
      failure("http://\(host)/") { $0.totalTimeout = 0.1 } == .timedOut(host: host, .total))
    #expect(
      failure("http://\(host)/") { $0.stallTimeout = 1 } == .timedOut(host: host, .stalled))
    // TLS belongs to connecting.
    #expect(
      failure("https://\(host)/") { $0.connectTimeout = 0.1 }
        == .timedOut(host: host, .connecting))
  }

  @Test(arguments: [
    ("", "connection_lost"), ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "connection_lost"),
    ("HTTP/1.1 200 OK\r\nContent-Le", "connection_lost"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "connection_lost"),
    ("SSH-2.0-OpenSSH_9.2\r\n", "malformed_answer"),
  ])
  func tellsBrokenAnswersApart(_ answer: String, _ code: String) throws {
    let server = try ScriptedServer { peer in
      _ = try peer.request()
      try peer.send(answer)
    }
    let error = try #require(failure("http://127.0.0.1:\(server.port)/"))
    #expect(error.code == code, "\(error)")
    #expect(error.isPassing)
    #expect("\(error)".contains("127.0.0.1:\(server.port)"))
  }

  @Test func aHeadIsBounded() throws {
    let server = try ScriptedServer { peer in
      _ = try peer.request()
      try peer.send("HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 50_000) + "\r\n")
    }
    #expect(failure("http://127.0.0.1:\(server.port)/")?.code == "malformed_answer")
  }

  @Test func certificatesAreVerified() throws {
    let certificates = try TestCertificates()
    let files = certificates.make("right")
    certificates.make("other", serial: 2)
    var router = Router()
    router.on(.get, "/") { _, _ in .text(.ok, "secret") }
    let server = HTTPServer(
      configuration: ServerConfiguration(tls: files, workers: 2), router: router,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let port = try server.start().port
    defer { server.drain(deadline: .seconds(5)) }
    let url = "https://localhost:\(port)/"

    #expect(failure(url)?.code == "host_untrusted")
    #expect(
      failure(url) { $0.certificateFile = certificates.path("other.pem") }?.code == "host_untrusted"
    )
    #expect(failure(url) { $0.certificateFile = files.certificate } == nil)
    // The name counts too.
    let address = "https://127.0.0.1:\(port)/"
    let error = try #require(failure(address) { $0.certificateFile = files.certificate })
    #expect(error.code == "host_untrusted")
    #expect("\(error)".contains("127.0.0.1:\(port)"))
  }

  @Test func aFileOfAuthoritiesHasToHoldSome() throws {
    let certificates = try TestCertificates()
    let empty = try certificates.write("nothing", to: "empty.pem")
    let server = try ScriptedServer { peer in try peer.waitForEnd() }
    let url = "https://127.0.0.1:\(server.port)/"
    for path in [empty, certificates.path("none.pem")] {
      let error = try #require(failure(url) { $0.certificateFile = path })
      #expect(error.code == "invalid_certificate_file")
      #expect("\(error)".contains(path))
    }
  }

  @Test func aServerWithoutTLSIsNamed() throws {
    let server = try ScriptedServer { peer in try peer.send("HTTP/1.1 400 Bad\r\n\r\n") }
    let error = try #require(failure("https://127.0.0.1:\(server.port)/"))
    #expect(error.code == "tls_failed", "\(error)")
  }
}

@Suite struct TransferAvailabilityTests {
  @Test func withoutLibcurlOneSentenceSaysSo() {
    guard !TransferClient.isAvailable else { return }
    #expect(throws: TransferError.unavailable) { try TransferClient() }
  }

  @Test func theSentenceNamesTheTrait() {
    #expect("\(TransferError.unavailable)".contains("trait Fleet"))
  }
}
