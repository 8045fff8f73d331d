import Inputs

/// Why an HTTP request has no answer. Whatever status an answer has, it is no error of this kind.
///
/// Nothing here repeats a header field, a query or a body: those hold credentials.
public enum TransferError: Error, Equatable, Sendable {
  /// This program was built without libcurl.
  case unavailable
  /// The text is no address that can be asked.
  case invalidURL(String, reason: String)
  /// The file with certificates of authorities cannot be used.
  case invalidCertificateFile(path: String, reason: String)
  /// The request's body cannot be read.
  case unreadableBody(path: String, reason: String)
  /// No address is known for the host's name.
  case unresolved(host: String)
  /// Nobody answers at the address.
  case unreachable(host: String, reason: String)
  /// The host's certificate is not to be trusted.
  case untrusted(host: String, reason: String)
  /// No secure connection came about.
  case insecure(host: String, reason: String)
  /// It took longer than it may.
  case timedOut(host: String, Limit)
  /// The connection ended before the answer did.
  case connectionLost(host: String, reason: String)
  /// The answer is no HTTP, or its head is too long.
  case malformedAnswer(host: String, reason: String)
  /// The answer has more bytes than were asked for.
  case answerTooLarge(host: String, limit: Int)
  /// The caller does not want the answer any more.
  case cancelled(host: String)
  /// Anything else that libcurl may report.
  case failed(host: String, reason: String)

  /// What took too long.
  public enum Limit: String, Sendable {
    /// Until the connection stood.
    case connecting
    /// Without bytes on the way.
    case stalled
    /// All together.
    case total
  }

  /// A stable identifier for programs.
  public var code: String {
    switch self {
    case .unavailable: "transfers_unavailable"
    case .invalidURL: "invalid_url"
    case .invalidCertificateFile: "invalid_certificate_file"
    case .unreadableBody: "unreadable_body"
    case .unresolved: "host_unresolved"
    case .unreachable: "host_unreachable"
    case .untrusted: "host_untrusted"
    case .insecure: "tls_failed"
    case .timedOut: "host_timed_out"
    case .connectionLost: "connection_lost"
    case .malformedAnswer: "malformed_answer"
    case .answerTooLarge: "answer_too_large"
    case .cancelled: "transfer_cancelled"
    case .failed: "transfer_failed"
    }
  }

  /// Whether the same request may find an answer a little later.
  public var isPassing: Bool {
    switch self {
    case .unresolved, .unreachable, .timedOut, .connectionLost, .malformedAnswer: true
    case .unavailable, .invalidURL, .invalidCertificateFile, .unreadableBody, .untrusted, .insecure,
      .answerTooLarge, .cancelled, .failed:
      false
    }
  }
}

extension TransferError: CustomStringConvertible {
  /// One sentence for people: what happened, to which host, and what to do.
  public var description: String {
    switch self {
    case .unavailable:
      "this program was built without libcurl: build it with the package trait Fleet, as make does"
    case .invalidURL(let text, let reason):
      "\"\(text.echoed())\" is no address of an HTTP server (\(reason)): give one like https://host:443"
    case .invalidCertificateFile(let path, let reason):
      "\(path) does not serve as a file of trusted certificates (\(reason)): give one in PEM"
    case .unreadableBody(let path, let reason):
      "cannot read \(path) to send it: \(reason)"
    case .unresolved(let host):
      "no address is known for \(host): check the name, or try again when the network is there"
    case .unreachable(let host, let reason):
      "cannot connect to \(host) (\(reason)): check the address and that its server runs"
    case .untrusted(let host, let reason):
      "the certificate of \(host) cannot be trusted (\(reason)): give the file of the authority that signed it"
    case .insecure(let host, let reason):
      "no secure connection to \(host) came about (\(reason)): check that it speaks TLS 1.2 or 1.3 on that port"
    case .timedOut(let host, .connecting):
      "\(host) did not accept a connection in time: check the address and the network"
    case .timedOut(let host, .stalled):
      "the connection to \(host) stood still for too long: try again later"
    case .timedOut(let host, .total):
      "\(host) did not answer completely in time: try again later"
    case .connectionLost(let host, let reason):
      "the connection to \(host) was lost (\(reason)): try again"
    case .malformedAnswer(let host, let reason):
      "\(host) answered something that is not HTTP (\(reason)): check the address and its port"
    case .answerTooLarge(let host, let limit):
      "\(host) answered more than \(limit) bytes, which is the most that is read of such an answer"
    case .cancelled(let host):
      "the request to \(host) was cancelled"
    case .failed(let host, let reason):
      "the request to \(host) failed: \(reason)"
    }
  }
}
