import Foundation
import HTTPServer
import Logging
import PersonalizationService
import TestSupport
import Testing

/// What a server needs before it listens beyond loopback.
@Suite struct ExposureTests {
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  struct Case: Sendable {
    var hasTLS = false
    var hasToken = false
    var requireTokens = false
    var insecure = false
    let code: String?
  }

  @Test(arguments: [
    Case(code: "exposed_without_protection"),
    Case(hasToken: true, code: "exposed_without_protection"),
    Case(requireTokens: true, code: "exposed_without_protection"),
    Case(hasTLS: true, code: "exposed_without_tokens"),
    Case(hasTLS: true, hasToken: true, code: nil),
    Case(hasTLS: true, requireTokens: true, code: nil),
    Case(insecure: true, code: nil),
  ])
  func beyondLoopback(_ test: Case) throws {
    let folder = try TemporaryFolder()
    var configuration = Service.Configuration(database: folder.file("new.sqlite"))
    if test.hasToken {
      _ = try Administration(database: configuration.database).createToken(user: nil, label: "a")
    }
    configuration.http.host = "0.0.0.0"
    // Read when it starts.
    if test.hasTLS { configuration.tls = TLSFiles(certificate: "cert.pem", key: "key.pem") }
    configuration.requireTokens = test.requireTokens
    configuration.insecure = test.insecure
    // Made, but not started: nothing listens.
    guard let code = test.code else {
      _ = try Service(configuration, logger: logger)
      return
    }
    let error = #expect(throws: ServiceError.self) {
      _ = try Service(configuration, logger: logger)
    }
    #expect(error?.code == code)
  }
}
