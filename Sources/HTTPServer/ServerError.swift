/// What can go wrong in the server's own work, as opposed to a client's request.
public enum ServerError: Error, Equatable, Sendable {
  /// Another socket listens there.
  case addressInUse(host: String, port: Int)
  /// The process may not listen there; ports below 1024 need a privilege.
  case permissionDenied(host: String, port: Int)
  /// The host is no address of this machine, or the port is not within 0...65535.
  case badAddress(host: String, port: Int)
  /// `start()` was called twice, or after `drain`.
  case alreadyStarted
  /// The certificate file cannot be used.
  case unusableCertificate(path: String, reason: String)
  /// The file of the private key cannot be used.
  case unusableKey(path: String, reason: String)
  /// The private key is not that of the certificate.
  case keyMismatch(certificate: String, key: String)
  /// OpenSSL cannot do what is asked of it.
  case tlsUnavailable(reason: String)
  /// A system call failed; `errno` is its number.
  case system(call: String, errno: Int32)
  /// The peer took too long to receive a part of a response.
  case writeTimedOut
  /// There is no memory for what the peer has not received.
  case answerMemoryFull
  /// The peer went away while a response was being sent.
  case connectionLost
  /// A body's producer wrote another number of bytes than it had promised.
  case bodyLengthMismatch(promised: Int64, produced: Int64)

  /// Stable name of the error, in snake case.
  public var code: String {
    switch self {
    case .addressInUse: "address_in_use"
    case .permissionDenied: "permission_denied"
    case .badAddress: "bad_address"
    case .alreadyStarted: "already_started"
    case .unusableCertificate: "unusable_certificate"
    case .unusableKey: "unusable_key"
    case .keyMismatch: "key_mismatch"
    case .tlsUnavailable: "tls_unavailable"
    case .system: "system_call_failed"
    case .writeTimedOut: "write_timed_out"
    case .answerMemoryFull: "answer_memory_full"
    case .connectionLost: "connection_lost"
    case .bodyLengthMismatch: "body_length_mismatch"
    }
  }
}

extension ServerError: CustomStringConvertible {
  /// What happened and what to do about it.
  public var description: String {
    switch self {
    case .addressInUse(let host, let port):
      "\(host) port \(port) is in use: stop the other program or choose another port."
    case .permissionDenied(let host, let port):
      "No permission to listen on \(host) port \(port): choose a port from 1024 up."
    case .badAddress(let host, let port):
      "\(host) port \(port) is not an address of this machine: choose one of its own, and a port"
        + " within 0...65535."
    case .alreadyStarted:
      "The server was started before: make a new one."
    case .unusableCertificate(let path, let reason):
      "The certificate file '\(path)' cannot be used: \(reason)."
    case .unusableKey(let path, let reason):
      "The key file '\(path)' cannot be used: \(reason)."
    case .keyMismatch(let certificate, let key):
      "The key in '\(key)' does not belong to the first certificate in '\(certificate)'."
    case .tlsUnavailable(let reason):
      "OpenSSL cannot set up TLS: \(reason)."
    case .system(let call, let errno):
      "The system call \(call) failed with errno \(errno)."
    case .writeTimedOut:
      "The peer did not receive the response in time."
    case .answerMemoryFull:
      "There is no memory for what this peer and others have not received yet."
    case .connectionLost:
      "The peer closed the connection before the response was complete."
    case .bodyLengthMismatch(let promised, let produced):
      "The body's producer promised \(promised) bytes and wrote \(produced)."
    }
  }
}
