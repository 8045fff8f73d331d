/// Sends one streamed body and counts it. The head leaves with the first write, in one piece.
final class ResponseBodyWriter: BodyWriter {
  private let output: DeadlineWriter
  private let framing: ResponseHead.Framing
  private let draining: () -> Bool
  private var head: [UInt8]
  private var failure: ServerError?
  private(set) var produced: Int64 = 0
  private(set) var hasSent = false

  init(
    output: DeadlineWriter, framing: ResponseHead.Framing, head: [UInt8],
    draining: @escaping () -> Bool
  ) {
    self.output = output
    self.framing = framing
    self.head = head
    self.draining = draining
  }

  var isDraining: Bool { draining() }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    // A producer may swallow an error; what it writes then must not follow a gap.
    if let failure { throw failure }
    do throws(ServerError) {
      try send(bytes)
    } catch {
      failure = error
      throw error
    }
  }

  /// Ends the body.
  /// - Throws: `ServerError.bodyLengthMismatch`, or the error of an earlier write.
  func finish() throws(ServerError) {
    if let failure { throw failure }
    switch framing {
    case .length(let promised):
      guard produced == promised else {
        throw .bodyLengthMismatch(promised: promised, produced: produced)
      }
      if !hasSent { try flush([]) }
    case .chunked: try flush(ChunkFraming.end)
    case .none, .untilClose: if !hasSent { try flush([]) }
    }
  }

  private func send(_ bytes: UnsafeRawBufferPointer) throws(ServerError) {
    if case .length(let promised) = framing, Int64(bytes.count) > promised - produced {
      throw .bodyLengthMismatch(promised: promised, produced: produced + Int64(bytes.count))
    }
    var rest = bytes
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(DeadlineWriter.pieceSize))
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
      if framing == .chunked {
        try flush(ChunkFraming.chunk(piece))
      } else if hasSent {
        try output.write(piece)
      } else {
        try flush(Array(piece))
      }
      produced += Int64(piece.count)
    }
  }

  private func flush(_ bytes: [UInt8]) throws(ServerError) {
    hasSent = true
    let all = head.isEmpty ? bytes : head + bytes
    head = []
    try output.write(all)
  }
}
