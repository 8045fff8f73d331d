import COpenSSL
import Glibc

/// The client's side of TLS on a connected, blocking socket.
final class TLSPeer {
  /// What the client insists on.
  struct Options {
    var versions = TLS1_2_VERSION...TLS1_3_VERSION
    var protocols: [String] = []
    /// TLS 1.2 suites by OpenSSL's names.
    var ciphers = "ALL:@SECLEVEL=0"
    var resume: Session?
  }

  /// A session to resume.
  final class Session {
    fileprivate let pointer: OpaquePointer
    fileprivate init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { SSL_SESSION_free(pointer) }
  }

  /// OpenSSL's reason, such as "tlsv1 alert protocol version".
  struct Failure: Error, Equatable {
    let reason: String

    /// The stream ended without a close_notify.
    static let truncated = Failure(reason: "unexpected eof while reading")
  }

  private let context: OpaquePointer
  private let session: OpaquePointer

  init(descriptor: Int32, _ options: Options) throws {
    // OpenSSL's sockets write with write(2).
    signal(SIGPIPE, SIG_IGN)
    guard let context = SSL_CTX_new(TLS_client_method()) else { throw Self.failure() }
    self.context = context
    SSL_CTX_set_security_level(context, 0)
    _ = crisp_ssl_ctx_set_min_version(context, options.versions.lowerBound)
    _ = crisp_ssl_ctx_set_max_version(context, options.versions.upperBound)
    SSL_CTX_set_cipher_list(context, options.ciphers)
    guard let session = SSL_new(context) else { throw Self.failure() }
    self.session = session
    SSL_set_fd(session, descriptor)
    let names = options.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    SSL_set_alpn_protos(session, names, UInt32(names.count))
    if let resume = options.resume { SSL_set_session(session, resume.pointer) }
    ERR_clear_error()
    let status = SSL_connect(session)
    guard status == 1 else { throw Self.failure() }
  }

  deinit {
    SSL_free(session)
    SSL_CTX_free(context)
  }

  private static func failure() -> Failure {
    defer { ERR_clear_error() }
    guard let reason = ERR_reason_error_string(ERR_peek_error()) else {
      return Failure(reason: "errno \(errno)")
    }
    return Failure(reason: String(cString: reason))
  }

  func send(_ bytes: [UInt8]) throws {
    ERR_clear_error()
    var written = 0
    guard SSL_write_ex(session, bytes, bytes.count, &written) == 1 else { throw Self.failure() }
  }

  /// Zero once the server has said that nothing follows.
  func receive(into buffer: inout [UInt8]) throws -> Int {
    ERR_clear_error()
    var count = 0
    let status = SSL_read_ex(session, &buffer, buffer.count, &count)
    if status == 1 { return count }
    guard SSL_get_error(session, status) == SSL_ERROR_ZERO_RETURN else { throw Self.failure() }
    return 0
  }

  func finishSending() { SSL_shutdown(session) }

  /// Asks to negotiate anew, which TLS 1.2 allows.
  func renegotiate() throws {
    ERR_clear_error()
    guard SSL_renegotiate(session) == 1, SSL_do_handshake(session) == 1 else {
      throw Self.failure()
    }
  }

  var version: String { String(cString: SSL_get_version(session)) }
  var isResumed: Bool { SSL_session_reused(session) == 1 }
  var cipher: String { String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(session))) }

  /// The protocol the server chose.
  var agreedProtocol: String? {
    var name: UnsafePointer<UInt8>?
    var length: UInt32 = 0
    SSL_get0_alpn_selected(session, &name, &length)
    guard length > 0 else { return nil }
    return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
  }

  /// Serial numbers of what the server sent, its own certificate first.
  var chain: [Int] {
    let stack = SSL_get_peer_cert_chain(session)
    return (0..<OPENSSL_sk_num(stack)).map { index in
      let certificate = OPENSSL_sk_value(stack, index).map { OpaquePointer($0) }
      return ASN1_INTEGER_get(X509_get0_serialNumber(certificate))
    }
  }

  /// What a later connection can resume; with TLS 1.3 only once a response was read.
  var resumable: Session? { SSL_get1_session(session).map { Session($0) } }
}
