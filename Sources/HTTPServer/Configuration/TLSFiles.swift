/// The PEM files a server proves its name with.
public struct TLSFiles: Sendable, Equatable {
  /// The server's certificate, followed by the intermediate ones that lead to a known authority.
  public var certificate: String
  /// The certificate's private key, not encrypted.
  public var key: String

  /// Files that `HTTPServer.start()` and `HTTPServer.reloadCertificate()` read.
  public init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }
}
