/// Takes a short streamed body into memory, so that it is sent as one buffer and its errors are
/// found before anything is sent.
final class BodyCollector: BodyWriter {
  /// Longest body that is collected.
  static let maxLength: Int64 = 64 * 1024

  /// A pulled body of that length.
  static func collect(_ length: Int64, _ read: Response.Read) throws -> [UInt8] {
    let collector = BodyCollector(promised: length)
    while collector.produced < length {
      let piece = try read(collector.produced).prefix(Int(length - collector.produced))
      if piece.isEmpty { break }
      try piece.withUnsafeBytes { try collector.write($0) }
    }
    return try collector.finish()
  }

  private let promised: Int64
  private var produced: Int64 = 0
  private var bytes: [UInt8] = []

  /// A short body has no time to stop early in.
  var isDraining: Bool { false }

  init(promised: Int64) {
    self.promised = promised
    bytes.reserveCapacity(Int(promised))
  }

  func write(_ more: UnsafeRawBufferPointer) throws {
    produced += Int64(more.count)
    guard produced <= promised else { throw mismatch }
    bytes.append(contentsOf: more)
  }

  /// The body.
  /// - Throws: `ServerError.bodyLengthMismatch`.
  func finish() throws(ServerError) -> [UInt8] {
    guard produced == promised else { throw mismatch }
    return bytes
  }

  private var mismatch: ServerError { .bodyLengthMismatch(promised: promised, produced: produced) }
}
