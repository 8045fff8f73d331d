import COpenSSL
import Glibc

/// A server's certificate, key and rules for TLS, as its connections share them.
///
/// Unchecked because nothing changes once it is made: SSL_CTX counts its users atomically, and
/// its ticket keys are never set again.
final class TLSContext: @unchecked Sendable {
  private let context: OpaquePointer
  /// What is odd about the certificate although it can be used.
  let warnings: [String]

  /// Reads the files.
  /// - Throws: `ServerError.unusableCertificate`, `.unusableKey`, `.keyMismatch` or
  ///   `.tlsUnavailable`.
  init(_ files: TLSFiles) throws(ServerError) {
    ERR_clear_error()
    guard let context = SSL_CTX_new(TLS_server_method()) else {
      throw .tlsUnavailable(reason: OpenSSLFailure.last().text)
    }
    do throws(ServerError) {
      try Self.setRules(context)
      try Self.load(files, into: context)
    } catch {
      SSL_CTX_free(context)
      throw error
    }
    self.context = context
    warnings =
      SSL_CTX_get0_certificate(context).flatMap {
        Self.validityWarning($0, path: files.certificate)
      }.map { [$0] } ?? []
  }

  deinit { SSL_CTX_free(context) }

  /// A session for one accepted connection; nil when memory is exhausted. It keeps what it needs
  /// of this context.
  func makeSession(descriptor: Int32) -> OpaquePointer? {
    guard let session = SSL_new(context) else { return nil }
    guard let bio = SocketBIO.make(descriptor: descriptor) else {
      SSL_free(session)
      return nil
    }
    SSL_set_bio(session, bio, bio)
    SSL_set_accept_state(session)
    return session
  }

  // MARK: Rules

  private static func setRules(_ context: OpaquePointer) throws(ServerError) {
    // RFC 8996 forbids what is older than 1.2.
    let hasVersions =
      crisp_ssl_ctx_set_min_version(context, TLS1_2_VERSION) == 1
      && crisp_ssl_ctx_set_max_version(context, TLS1_3_VERSION) == 1
    // RFC 9325 §4.2: in TLS 1.2 forward secrecy and authenticated encryption only, which is all
    // that TLS 1.3 has.
    guard hasVersions, SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 else {
      throw .tlsUnavailable(reason: OpenSSLFailure.last().text)
    }
    // The server's order, but ChaCha20 for clients that list it first: they lack AES instructions.
    // RFC 9325 §3.5: a client could renegotiate for ever, each time at the server's expense.
    SSL_CTX_set_options(
      context,
      crisp_ssl_op_no_compression | crisp_ssl_op_no_renegotiation | crisp_ssl_op_server_preference
        | crisp_ssl_op_prioritize_chacha)
    // Write what fits, from wherever the bytes are by then; idle connections keep no buffers.
    crisp_ssl_ctx_set_mode(
      context,
      Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
        | Int(SSL_MODE_RELEASE_BUFFERS))
    // Sessions are resumed by tickets, which the clients keep (RFC 8446 §4.6.1): no memory here.
    crisp_ssl_ctx_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
    // A record's header and content in one system call.
    crisp_ssl_ctx_set_read_ahead(context, 1)
    SSL_CTX_set_alpn_select_cb(context, selectProtocol, nil)
  }

  /// RFC 7301 §3.2: a client that names protocols and not this one is turned away, with an alert
  /// that says so.
  private static let selectProtocol: SSL_CTX_alpn_select_cb_func = {
    _, chosen, chosenLength, offered, offeredLength, _ in
    let offer = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
    var position = 0
    while position < offer.count {
      let name = offer[(position + 1)...].prefix(Int(offer[position]))
      if name.elementsEqual("http/1.1".utf8), let start = offered {
        chosen?.pointee = start + position + 1
        chosenLength?.pointee = UInt8(name.count)
        return SSL_TLSEXT_ERR_OK
      }
      position += 1 + name.count
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
  }

  // MARK: Files

  private static func load(
    _ files: TLSFiles, into context: OpaquePointer
  ) throws(ServerError) {
    if let reason = unreadable(files.certificate) {
      throw .unusableCertificate(path: files.certificate, reason: reason)
    }
    guard SSL_CTX_use_certificate_chain_file(context, files.certificate) == 1 else {
      throw .unusableCertificate(
        path: files.certificate, reason: OpenSSLFailure.last().textOfPEM("a certificate"))
    }
    let key = try privateKey(files.key)
    defer { EVP_PKEY_free(key) }
    // Before the key is used: OpenSSL takes a key of another kind for that of another certificate.
    guard X509_check_private_key(SSL_CTX_get0_certificate(context), key) == 1 else {
      throw .keyMismatch(certificate: files.certificate, key: files.key)
    }
    guard SSL_CTX_use_PrivateKey(context, key) == 1 else {
      throw .unusableKey(path: files.key, reason: OpenSSLFailure.last().text)
    }
  }

  private static func privateKey(_ path: String) throws(ServerError) -> OpaquePointer {
    if let reason = unreadable(path) { throw .unusableKey(path: path, reason: reason) }
    guard let file = BIO_new_file(path, "r") else {
      throw .unusableKey(path: path, reason: OpenSSLFailure.last().text)
    }
    defer { BIO_free(file) }
    var isEncrypted = false
    // Without this OpenSSL would ask for the passphrase on the terminal.
    let key = withUnsafeMutablePointer(to: &isEncrypted) { flag in
      PEM_read_bio_PrivateKey(
        file, nil,
        { _, _, _, flag in
          flag?.assumingMemoryBound(to: Bool.self).pointee = true
          return -1
        }, flag)
    }
    if let key { return key }
    throw .unusableKey(
      path: path,
      reason: isEncrypted
        ? "it is encrypted; write it out in clear with openssl pkey -in \(path)"
        : OpenSSLFailure.last().textOfPEM("a private key"))
  }

  /// The system's word on why a file cannot be read; nil if it can. It also empties the queue of
  /// errors, so that what comes next is about the content.
  private static func unreadable(_ path: String) -> String? {
    ERR_clear_error()
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return "it is a folder" }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return String(cString: strerror(errno)) }
    _ = Glibc.close(descriptor)
    return nil
  }

  private static func validityWarning(_ certificate: OpaquePointer, path: String) -> String? {
    if X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 {
      return "the certificate in '\(path)' expired on \(date(X509_get0_notAfter(certificate)))"
    }
    if X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 {
      return
        "the certificate in '\(path)' is not valid before \(date(X509_get0_notBefore(certificate)))"
    }
    return nil
  }

  private static func date(_ time: UnsafePointer<ASN1_TIME>?) -> String {
    var parts = tm()
    guard ASN1_TIME_to_tm(time, &parts) == 1 else { return "an unknown date" }
    return HTTPDate.format(timegm(&parts))
  }
}
