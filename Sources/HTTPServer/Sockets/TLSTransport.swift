import COpenSSL
import Glibc

/// TCP with TLS above it.
///
/// Unchecked because the owner keeps to the protocol: one thread at a time, and `interrupt`
/// touches nothing but the descriptor.
final class TLSTransport: Transport, @unchecked Sendable {
  private enum Phase {
    case handshake
    case open
    /// The peer speaks plain HTTP and is told so in kind.
    case plain
    /// Nothing more can be said.
    case broken
  }

  private let socket: PlainTransport
  private let session: OpaquePointer
  private var phase = Phase.handshake

  /// Takes over a connected, nonblocking socket; nil when memory is exhausted.
  init?(descriptor: Int32, context: TLSContext) {
    guard let session = context.makeSession(descriptor: descriptor) else { return nil }
    socket = PlainTransport(descriptor: descriptor)
    self.session = session
  }

  deinit { SSL_free(session) }

  var descriptor: Int32 { socket.descriptor }
  var needsHandshake: Bool { phase == .handshake }
  var hasBufferedInput: Bool { phase == .open && SSL_has_pending(session) == 1 }

  func handshake() -> HandshakeResult {
    ERR_clear_error()
    let status = SSL_do_handshake(session)
    if status == 1 {
      phase = .open
      return .done
    }
    switch SSL_get_error(session, status) {
    case SSL_ERROR_WANT_READ: return .wait(events: Int16(POLLIN))
    case SSL_ERROR_WANT_WRITE: return .wait(events: Int16(POLLOUT))
    case SSL_ERROR_SYSCALL:
      phase = .broken
      return .failed(reason: "the peer went away")
    default:
      let failure = OpenSSLFailure.last()
      phase = failure.isPlainHTTP ? .plain : .broken
      return failure.isPlainHTTP ? .plainHTTP : .failed(reason: failure.text)
    }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult {
    switch phase {
    case .plain: return socket.read(into: buffer)
    case .handshake, .broken: return .failed
    case .open:
      ERR_clear_error()
      var count = 0
      let status = SSL_read_ex(session, buffer.baseAddress, buffer.count, &count)
      return status == 1 ? .bytes(count) : failure(status)
    }
  }

  /// SSL_write(3) takes one record at a time, and keeps one that did not fit: the next call must
  /// begin with the same bytes, which is what every caller does with what was not taken.
  func write(_ bytes: UnsafeRawBufferPointer) -> TransportResult {
    switch phase {
    case .plain: return socket.write(bytes)
    case .handshake, .broken: return .failed
    case .open:
      ERR_clear_error()
      var rest = bytes
      while let start = rest.baseAddress, !rest.isEmpty {
        var count = 0
        let status = SSL_write_ex(session, start, rest.count, &count)
        guard status == 1 else {
          let failure = failure(status)
          let written = bytes.count - rest.count
          if case .wait = failure, written > 0 { return .bytes(written) }
          return failure
        }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      }
      return .bytes(bytes.count)
    }
  }

  /// RFC 8446 §6.1: without a close_notify the peer must take the end for an attack.
  func finishWriting() -> Bool {
    if phase == .open {
      ERR_clear_error()
      let status = SSL_shutdown(session)
      if status < 0, SSL_get_error(session, status) == SSL_ERROR_WANT_WRITE { return false }
      if status < 0 { phase = .broken }
    }
    return socket.finishWriting()
  }

  func interrupt() { socket.interrupt() }
  func resetOnClose() { socket.resetOnClose() }

  func close() {
    // Whatever comes late must not reach another connection that got the same descriptor.
    phase = .broken
    socket.close()
  }

  private func failure(_ status: Int32) -> TransportResult {
    switch SSL_get_error(session, status) {
    case SSL_ERROR_WANT_READ: return .wait(events: Int16(POLLIN))
    case SSL_ERROR_WANT_WRITE: return .wait(events: Int16(POLLOUT))
    case SSL_ERROR_ZERO_RETURN: return .end
    default:
      // Also an end of the stream that no close_notify announced: it may be someone else's doing.
      phase = .broken
      return .failed
    }
  }
}
