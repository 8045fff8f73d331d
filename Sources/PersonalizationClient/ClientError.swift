import ServiceAPI
import Transfers

/// What can go wrong between a client and the service.
public enum ClientError: Error, Sendable, CustomStringConvertible {
  /// The address is no http or https URL.
  case invalidServer(String)
  /// A token that no header field can carry.
  case invalidToken
  /// The server could not be reached or went away.
  case unreachable(server: String, reason: String)
  /// The server's certificate is signed by nobody that is trusted, or is another's.
  case untrusted(server: String, reason: String)
  /// The file of trusted authorities cannot be used, or this program was built without what speaks HTTP.
  case cannotAsk(reason: String)
  /// The server refused; its problem document says why.
  case refused(status: Int, code: String, detail: String)
  /// An answer that this client does not understand.
  case unexpectedAnswer(path: String, reason: String)
  /// The job ended without a model.
  case jobEnded(id: String, status: String, failure: JobResource.Failure?)
  /// The downloaded bytes are not those the server announced.
  case digestMismatch(expected: String, found: String)
  /// The file could not be written.
  case unwritable(path: String, reason: String)

  /// A stable identifier; the server's own when it refused.
  public var code: String {
    switch self {
    case .invalidServer: "invalid_server"
    case .invalidToken: "invalid_token"
    case .unreachable: "unreachable"
    case .untrusted: "untrusted"
    case .cannotAsk: "cannot_ask"
    case .refused(_, let code, _): code
    case .unexpectedAnswer: "unexpected_answer"
    case .jobEnded: "job_ended"
    case .digestMismatch: "digest_mismatch"
    case .unwritable: "unwritable"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .invalidServer(let text):
      "'\(text)' is not the address of a server, like http://127.0.0.1:8080"
    case .invalidToken: "the token holds characters that no token has; copy it again"
    case .unreachable(let server, let reason): "cannot reach \(server): \(reason)"
    case .untrusted(let server, let reason):
      "the certificate of \(server) cannot be trusted (\(reason)): name the file of the authority that "
        + "signed it with --cacert, or in SSL_CERT_FILE"
    case .cannotAsk(let reason): reason
    case .refused(let status, let code, let detail):
      "the server refused (\(status) \(code)): \(detail)"
    case .unexpectedAnswer(let path, let reason): "unexpected answer to \(path): \(reason)"
    case .jobEnded(let id, let status, let failure):
      "job \(id) \(status)" + (failure.map { ": \($0.message) (\($0.code))" } ?? "")
    case .digestMismatch(let expected, let found):
      "the download has sha256 \(found), the server announced \(expected); nothing was written"
    case .unwritable(let path, let reason): "cannot write '\(path)': \(reason)"
    }
  }
}

extension ClientError {
  /// What a request without an answer means for whoever asked.
  init(_ error: TransferError, server: String) {
    switch error {
    case .unavailable, .invalidCertificateFile: self = .cannotAsk(reason: error.description)
    case .invalidURL: self = .invalidServer(server)
    case .untrusted(_, let reason): self = .untrusted(server: server, reason: reason)
    case .unreachable(_, let reason): self = .unreachable(server: server, reason: reason)
    default: self = .unreachable(server: server, reason: error.description)
    }
  }
}
