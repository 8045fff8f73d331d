import COpenSSL

/// What OpenSSL says about its last failure on this thread.
struct OpenSSLFailure {
  private let number: UInt

  /// Takes all errors from the thread's queue and keeps the first, which is nearest to the cause.
  static func last() -> OpenSSLFailure {
    defer { ERR_clear_error() }
    return OpenSSLFailure(number: ERR_peek_error())
  }

  /// OpenSSL's text, such as "ee key too small".
  var text: String {
    guard number != 0 else { return "OpenSSL gives no reason" }
    guard let text = ERR_reason_error_string(number) else { return "OpenSSL error \(number)" }
    return String(cString: text)
  }

  /// The text, or a plainer one when a file just holds something else.
  func textOfPEM(_ content: String) -> String {
    let isOfPEM = ERR_GET_LIB(number) == ERR_LIB_PEM
    if isOfPEM, ERR_GET_REASON(number) == PEM_R_NO_START_LINE {
      return "it does not contain PEM text of \(content)"
    }
    // OpenSSL 3's decoders have no error of their own for a file they cannot make out.
    if ERR_GET_LIB(number) == ERR_LIB_OSSL_DECODER {
      return "it does not contain PEM text of \(content)"
    }
    return text
  }

  /// Whether the peer spoke HTTP where TLS was expected.
  var isPlainHTTP: Bool {
    ERR_GET_LIB(number) == ERR_LIB_SSL
      && [SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST].contains(ERR_GET_REASON(number))
  }
}
