import Foundation
import HTTPServer
import Logging
import Synchronization
import TestSupport
import Testing

/// Reading certificates and keys, once and again.
@Suite struct TLSCertificateTests {
  private let certificates: TestCertificates

  init() throws { certificates = try TestCertificates() }

  private func peer(_ port: Int) throws -> TLSPeer {
    try #require(RawClient(port: port, tls: .init()).tls)
  }

  private func startError(_ files: TLSFiles) -> ServerError? {
    do {
      try TestServer.run(
        TestServer.router, configuration: ServerConfiguration(tls: files)
      ) { _, _ in }
      return nil
    } catch {
      return error as? ServerError
    }
  }

  @Test func errorsNameTheFileAndWhatIsWrong() throws {
    let good = certificates.make("good")
    let other = certificates.make("other")
    let rsa = certificates.make("rsa", algorithm: "RSA")
    let locked = certificates.make("locked", passphrase: "secret")
    let text = try certificates.write("not a certificate\n", to: "text.pem")
    let torn = try certificates.write(
      "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", to: "torn.pem")
    let absent = certificates.path("absent.pem")
    let folder = certificates.folder.path

    #expect(startError(good) == nil)
    #expect(startError(rsa) == nil)
    let certificateCases = [
      (absent, "No such file or directory"), (folder, "it is a folder"),
      (text, "it does not contain PEM text of a certificate"),
      (good.key, "it does not contain PEM text of a certificate"),
    ]
    for (path, reason) in certificateCases {
      #expect(
        startError(TLSFiles(certificate: path, key: good.key))
          == .unusableCertificate(path: path, reason: reason))
    }
    let tornError = startError(TLSFiles(certificate: torn, key: good.key))
    #expect(tornError?.code == "unusable_certificate")
    let keyCases = [
      (absent, "No such file or directory"), (folder, "it is a folder"),
      (text, "it does not contain PEM text of a private key"),
      (good.certificate, "it does not contain PEM text of a private key"),
      (
        locked.key,
        "it is encrypted; write it out in clear with openssl pkey -in \(locked.key)"
      ),
    ]
    for (path, reason) in keyCases {
      #expect(
        startError(TLSFiles(certificate: good.certificate, key: path))
          == .unusableKey(path: path, reason: reason))
    }
    for key in [other.key, rsa.key] {
      let error = startError(TLSFiles(certificate: good.certificate, key: key))
      #expect(error == .keyMismatch(certificate: good.certificate, key: key))
      #expect(error?.description.contains(key) == true)
    }
  }

  @Test func certificatesOutsideTheirTimeAreWarnedOf() throws {
    let warnings = Mutex<[String]>([])
    let logger = Logger(label: "test") { _ in
      RecordingLogHandler { line in warnings.withLock { $0.append(line) } }
    }
    let files = [
      certificates.make("past", validUntil: -60), certificates.make("future", validFrom: 3600),
      certificates.make("present"),
    ]
    for files in files {
      let server = HTTPServer(
        configuration: ServerConfiguration(tls: files), router: Router(), logger: logger)
      _ = try server.start()
      server.drain(deadline: .seconds(5))
    }
    let lines = warnings.withLock { $0 }
    #expect(lines.count == 2)
    #expect(lines.first?.contains("past.pem' expired on ") == true)
    #expect(lines.first?.hasSuffix(" GMT") == true)
    #expect(lines.last?.contains("future.pem' is not valid before ") == true)
  }

  @Test func theWholeChainIsSent() throws {
    let leaf = certificates.make("leaf", serial: 10)
    let authority = certificates.make("authority", serial: 11)
    let both = try [leaf, authority].map {
      try String(contentsOfFile: $0.certificate, encoding: .utf8)
    }
    let chain = try certificates.write(both.joined(), to: "chain.pem")
    let configuration = ServerConfiguration(tls: TLSFiles(certificate: chain, key: leaf.key))
    try TestServer.run(TestServer.router, configuration: configuration) { port, _ in
      let chain = try peer(port).chain
      #expect(chain == [10, 11])
    }
  }

  @Test func newConnectionsGetTheNewCertificate() throws {
    let files = certificates.make("server", serial: 1)
    let configuration = ServerConfiguration(tls: files)
    try TestServer.run(TestServer.router, configuration: configuration) { port, server in
      let old = try RawClient(port: port, tls: .init())
      #expect(try old.get("/hello/a").status == 200)
      #expect(old.tls?.chain == [1])

      certificates.make("server", serial: 2)
      try server.reloadCertificate()
      var options = TLSPeer.Options()
      // Its ticket was sealed by the old certificate's keys: a whole handshake follows.
      options.resume = old.tls?.resumable
      let fresh = try RawClient(port: port, tls: options)
      #expect(try fresh.get("/hello/a").status == 200)
      #expect(fresh.tls?.isResumed == false)
      #expect(fresh.tls?.chain == [2])
      #expect(try old.get("/hello/b").status == 200)

      _ = try certificates.write("nonsense", to: "server.pem")
      #expect(throws: ServerError.self) { try server.reloadCertificate() }
      let kept = try peer(port).chain
      #expect(kept == [2])
      #expect(try old.get("/hello/c").status == 200)
    }
  }
}

/// Hands every line to a closure.
private struct RecordingLogHandler: LogHandler {
  let record: @Sendable (String) -> Void
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.warning

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  init(record: @escaping @Sendable (String) -> Void) { self.record = record }

  func log(event: LogEvent) { record("\(event.message)") }
}
