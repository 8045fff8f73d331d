import Glibc

/// TCP without encryption.
final class PlainTransport: Transport {
  let descriptor: Int32

  /// Takes over a connected, nonblocking socket.
  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  var hasBufferedInput: Bool { false }
  var needsHandshake: Bool { false }

  func handshake() -> HandshakeResult { .done }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult {
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .end }
      if errno == EINTR { continue }
      return errno == EAGAIN || errno == EWOULDBLOCK ? .wait(events: Int16(POLLIN)) : .failed
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> TransportResult {
    while true {
      // MSG_NOSIGNAL: a peer that left is an error of this connection, not a signal to the process.
      let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return .bytes(count) }
      if errno == EINTR { continue }
      return errno == EAGAIN || errno == EWOULDBLOCK ? .wait(events: Int16(POLLOUT)) : .failed
    }
  }

  func finishWriting() -> Bool {
    _ = shutdown(descriptor, Int32(SHUT_WR))
    return true
  }

  func interrupt() {
    _ = shutdown(descriptor, Int32(SHUT_RDWR))
  }

  func resetOnClose() {
    // socket(7), SO_LINGER: a zero timeout makes close(2) send a reset.
    var option = linger(l_onoff: 1, l_linger: 0)
    _ = setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  func close() {
    _ = Glibc.close(descriptor)
  }
}
