/// Calls `then` once, and never at once, when a socket takes bytes again or never will.
typealias WritableWait = @Sendable (_ then: @escaping @Sendable () -> Void) -> Void

/// The bytes of one connection, without waiting. Plain TCP is one form and TLS another; the parser
/// and the connection need not know which.
///
/// One thread at a time calls these methods; `interrupt` may come from any thread.
protocol Transport: AnyObject, Sendable {
  /// The descriptor to watch for readiness.
  var descriptor: Int32 { get }
  /// Whether bytes can be read although the descriptor shows none, as with a decrypted record.
  var hasBufferedInput: Bool { get }
  /// Whether `handshake` must come before reading and writing.
  var needsHandshake: Bool { get }
  /// Takes the handshake as far as what is here allows. It may compute for milliseconds: not for a
  /// thread that others wait for.
  func handshake() -> HandshakeResult
  /// Reads what is there.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult
  /// Writes what fits.
  func write(_ bytes: UnsafeRawBufferPointer) -> TransportResult
  /// Tells the peer that nothing follows; reading goes on. False if there is no room for that now:
  /// to be called again.
  func finishWriting() -> Bool
  /// Makes every read and write fail from now on.
  func interrupt()
  /// Makes `close` reset the connection, so that the peer cannot take what it got for the whole.
  func resetOnClose()
  /// Closes the connection and its descriptor.
  func close()
}

/// What came of a read or write.
enum TransportResult: Equatable {
  /// This many bytes, at least one.
  case bytes(Int)
  /// None now; poll(2) the descriptor for these events first.
  case wait(events: Int16)
  /// The peer finished writing.
  case end
  /// The connection is lost.
  case failed
}

/// What came of a step of a handshake.
enum HandshakeResult: Equatable {
  case done
  /// It goes on after these events.
  case wait(events: Int16)
  /// The peer speaks HTTP without TLS; it can be answered likewise.
  case plainHTTP
  case failed(reason: String)
}
