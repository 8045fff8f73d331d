/// Bytes received and not consumed yet, with a memory of how far the search for a line end went.
///
/// Every byte is examined once however it arrives, and errors are found in byte order, so that a
/// message gives the same outcome in one piece and byte by byte.
struct InputBuffer: Sendable {
  private var bytes: [UInt8] = []
  private var start = 0
  private var scan = 0

  var count: Int { bytes.count - start }
  var isEmpty: Bool { start == bytes.count }

  mutating func append(_ more: UnsafeRawBufferPointer) {
    if start == bytes.count {
      bytes.removeAll(keepingCapacity: bytes.capacity <= 64 * 1024)
      scan -= start
      start = 0
    } else if start > 4096, start > bytes.count / 2 {
      // Moving the rest once per half keeps the cost linear in what arrives.
      bytes.removeFirst(start)
      scan -= start
      start = 0
    }
    bytes.append(contentsOf: more)
  }

  /// Consumes the next line and returns it without its CRLF, or returns nil when it is incomplete.
  ///
  /// RFC 9112 §2.2: a line ends with CRLF. Accepting a bare LF is allowed there, but peers that
  /// disagree on line ends disagree on message ends, so bare CR and bare LF are errors here.
  /// - Throws: `tooLong` as soon as a line's content exceeds `limit`.
  mutating func nextLine(
    limit: Int, tooLong: FramingError
  ) throws(FramingError) -> ArraySlice<UInt8>? {
    let (end, error) = bytes.withUnsafeBytes { raw -> (Int?, FramingError?) in
      while scan < raw.count {
        let byte = raw[scan]
        if byte == ByteClass.carriageReturn {
          guard scan + 1 < raw.count else { return (nil, nil) }
          guard raw[scan + 1] == ByteClass.lineFeed else { return (nil, .bareLineTerminator) }
          return (scan, nil)
        }
        if byte == ByteClass.lineFeed { return (nil, .bareLineTerminator) }
        if scan - start >= limit { return (nil, tooLong) }
        if ByteClass.isControl(byte) { return (nil, .controlByte) }
        scan += 1
      }
      return (nil, nil)
    }
    if let error { throw error }
    guard let end else { return nil }
    let line = bytes[start..<end]
    start = end + 2
    scan = start
    return line
  }

  /// Consumes up to `limit` bytes into `body` and returns how many.
  mutating func take(_ limit: Int, into body: inout [UInt8]) -> Int {
    let taken = min(limit, count)
    body.append(contentsOf: bytes[start..<start + taken])
    start += taken
    scan = start
    return taken
  }

  /// Consumes CRLF; nil when it is incomplete, false when something else is there.
  mutating func takeLineEnd() -> Bool? {
    guard let first = bytes[start...].first else { return nil }
    guard first == ByteClass.carriageReturn else { return false }
    guard let second = bytes[(start + 1)...].first else { return nil }
    guard second == ByteClass.lineFeed else { return false }
    start += 2
    scan = start
    return true
  }
}
