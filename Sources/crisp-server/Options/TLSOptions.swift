import ArgumentParser
import HTTPServer

/// The files that make the server speak TLS.
struct TLSOptions: ParsableArguments {
  @Option(
    name: .customLong("tls-cert"),
    help: "Certificate and intermediate ones as PEM; read again on SIGHUP. Serves https only.")
  var certificate: String?

  @Option(name: .customLong("tls-key"), help: "The certificate's private key as PEM.")
  var key: String?

  func validate() throws {
    guard (certificate == nil) == (key == nil) else {
      throw ValidationError("--tls-cert and --tls-key go together.")
    }
  }

  /// The same for the server; nil serves plain HTTP.
  var files: TLSFiles? {
    guard let certificate, let key else { return nil }
    return TLSFiles(certificate: certificate, key: key)
  }
}
