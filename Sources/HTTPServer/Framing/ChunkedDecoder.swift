/// The chunked transfer coding (RFC 9112 §7.1), with bounds on all its parts.
struct ChunkedDecoder: Sendable {
  private enum State {
    case size
    case data(remaining: Int)
    case dataEnd
    case trailers
  }

  private let limits: Limits
  private let bodyLimit: Int
  private var state = State.size
  private var extensionBytes = 0
  private var trailerBytes = 0
  private(set) var body: [UInt8] = []

  init(limits: Limits, bodyLimit: Int) {
    self.limits = limits
    self.bodyLimit = bodyLimit
  }

  /// Decodes what is there; true once the body and its trailers are complete.
  mutating func decode(_ input: inout InputBuffer) throws(FramingError) -> Bool {
    while true {
      switch state {
      case .size:
        // 16 digits hold every 64-bit size.
        let limit = 16 + limits.chunkExtensions - extensionBytes
        guard let line = try input.nextLine(limit: limit, tooLong: .chunkExtensionsTooLarge)
        else { return false }
        let size = try parseSize(line)
        state = size == 0 ? .trailers : .data(remaining: size)
      case .data(let remaining):
        let left = remaining - input.take(remaining, into: &body)
        if left > 0 {
          state = .data(remaining: left)
          return false
        }
        state = .dataEnd
      case .dataEnd:
        guard let isLineEnd = input.takeLineEnd() else { return false }
        guard isLineEnd else { throw .malformedChunk }
        state = .size
      case .trailers:
        let limit = limits.trailerBlock - trailerBytes
        guard let line = try input.nextLine(limit: limit, tooLong: .trailersTooLarge)
        else { return false }
        if line.isEmpty { return true }
        trailerBytes += line.count + 2
        // RFC 9110 §6.5.1: trailers that nobody asked for are discarded, once they are well formed.
        _ = try FieldLine.parse(line)
        if trailerBytes >= limits.trailerBlock { throw .trailersTooLarge }
      }
    }
  }

  /// RFC 9112 §7.1: chunk-size = 1*HEXDIG, then nothing or extensions, which are ignored (§7.1.1).
  private mutating func parseSize(_ line: ArraySlice<UInt8>) throws(FramingError) -> Int {
    var size = 0
    var rest = line
    while let byte = rest.first, let digit = ByteClass.hexadecimal(byte) {
      rest.removeFirst()
      let (product, overflow) = size.multipliedReportingOverflow(by: 16)
      guard !overflow else { throw .malformedChunk }
      size = product | Int(digit)
    }
    let digits = line.count - rest.count
    guard digits > 0, digits <= 16, ChunkExtensions.areValid(rest) else { throw .malformedChunk }
    extensionBytes += rest.count
    guard extensionBytes <= limits.chunkExtensions else { throw .chunkExtensionsTooLarge }
    guard size <= bodyLimit - body.count else { throw .bodyTooLarge }
    return size
  }
}
