import Glibc

/// Writes whole buffers to a transport, waiting a bounded time for the peer.
struct DeadlineWriter: Sendable {
  /// Bytes the peer has one timeout for.
  static let pieceSize = 64 * 1024

  let transport: any Transport
  let timeout: Duration

  func write(_ bytes: UnsafeRawBufferPointer) throws(ServerError) {
    var rest = bytes
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceSize))
      try writePiece(piece)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
    }
  }

  /// Writes an array but for its first bytes, which the peer has already.
  func write(_ bytes: [UInt8], from start: Int = 0) throws(ServerError) {
    let error = bytes.withUnsafeBytes { raw -> ServerError? in
      do throws(ServerError) {
        try write(UnsafeRawBufferPointer(rebasing: raw.dropFirst(start)))
        return nil
      } catch {
        return error
      }
    }
    if let error { throw error }
  }

  private func writePiece(_ piece: UnsafeRawBufferPointer) throws(ServerError) {
    let start = MonotonicClock.now
    var rest = piece
    while !rest.isEmpty {
      switch transport.write(rest) {
      case .bytes(let count): rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      case .wait(let events): try wait(events, since: start)
      case .end, .failed: throw .connectionLost
      }
    }
  }

  private func wait(_ events: Int16, since start: UInt64) throws(ServerError) {
    let elapsed = MonotonicClock.elapsed(since: start)
    let allowed = timeout.nanoseconds
    guard elapsed < allowed else { throw .writeTimedOut }
    // Rounded up, so that poll(2) does not spin through the last millisecond.
    let milliseconds = Int32(clamping: (allowed - elapsed) / 1_000_000 + 1)
    var descriptor = pollfd(fd: transport.descriptor, events: events, revents: 0)
    let ready = poll(&descriptor, 1, milliseconds)
    if ready == 0 { throw .writeTimedOut }
    if ready < 0, errno != EINTR { throw .connectionLost }
  }
}
