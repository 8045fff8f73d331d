/// The bytes of one connection, without waiting. Plain TCP is one form; TLS is another one that
/// the parser and the connection need not know.
///
/// One thread at a time calls these methods; `interrupt` may come from any thread.
protocol Transport: AnyObject, Sendable {
  /// The descriptor to watch for readiness.
  var descriptor: Int32 { get }
  /// Whether bytes can be read although the descriptor shows none, as with a decrypted record.
  var hasBufferedInput: Bool { get }
  /// Reads what is there.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult
  /// Writes what fits.
  func write(_ bytes: UnsafeRawBufferPointer) -> TransportResult
  /// Tells the peer that nothing follows; reading goes on.
  func finishWriting()
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
