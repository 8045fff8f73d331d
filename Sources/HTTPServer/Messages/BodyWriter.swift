/// Where a streamed body goes. Only for use inside the producer it was given to.
public protocol BodyWriter {
  /// Sends bytes, waiting for the peer to take them.
  /// - Throws: `ServerError.writeTimedOut` or `.connectionLost`; `.bodyLengthMismatch` for bytes
  ///   beyond the promised length. The producer lets these pass; the connection is lost anyway.
  func write(_ bytes: UnsafeRawBufferPointer) throws

  /// Whether the server is about to stop, so that an endless stream should end.
  var isDraining: Bool { get }
}

extension BodyWriter {
  /// Sends bytes, waiting for the peer to take them.
  public func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }

  /// Sends the UTF-8 of a text, waiting for the peer to take it.
  public func write(_ text: String) throws {
    try write(Array(text.utf8))
  }
}
