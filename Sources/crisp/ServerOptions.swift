import ArgumentParser
import Foundation
import PersonalizationClient
import ServiceAPI

/// Which server, and as whom: what all of its clients' commands have in common.
struct ServerOptions: ParsableArguments {
  @Option(
    help:
      "The server's address (default: the environment's CRISP_SERVER, or http://127.0.0.1:8080).")
  var server: String?

  @Option(
    help: "An access token (default: the environment's CRISP_TOKEN, which others cannot see).")
  var token: String?

  @Option(
    help: """
      A PEM file of the authorities to trust in place of the system's (default: the environment's \
      SSL_CERT_FILE).
      """)
  var cacert: String?

  /// A client that tells on standard error when the server makes it wait.
  func client(environment: [String: String] = ProcessInfo.processInfo.environment) throws
    -> ServiceClient
  {
    // Set to nothing is not set, as scripts do it.
    func value(_ name: String) -> String? {
      environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
    return try ServiceClient(
      server: server ?? value("CRISP_SERVER") ?? "http://127.0.0.1:8080",
      token: token ?? value("CRISP_TOKEN"), certificateFile: cacert ?? value("SSL_CERT_FILE")
    ) { seconds, reason in
      FileHandle.standardError.write(Data("\(reason); trying again in \(seconds) s\n".utf8))
    }
  }
}

extension DownloadFormat: ExpressibleByArgument {}
