/// Reads the blocks of a GIF up to its first frame.
struct GIFReader {
  let bytes: [UInt8]
  let name: String
  var position: Int

  /// One frame: indices into its palette, row by row.
  struct Frame {
    var left = 0
    var top = 0
    var width = 0
    var height = 0
    var palette: ArraySlice<UInt8> = []
    var transparent: Int?
    var indices: [UInt8] = []
  }

  private func failure(_ reason: String) -> DatasetError {
    .undecodableImage(file: name, reason: reason)
  }

  private mutating func byte() throws(DatasetError) -> Int {
    guard position < bytes.count else { throw failure("it is a truncated GIF picture") }
    position += 1
    return Int(bytes[position - 1])
  }

  private mutating func word() throws(DatasetError) -> Int {
    let low = try byte()
    return try low | byte() << 8
  }

  /// The first frame, which must lie within the screen: its size decides how much is decoded.
  mutating func firstFrame(
    global: ArraySlice<UInt8>, within screen: (width: Int, height: Int)
  ) throws(DatasetError) -> Frame {
    var frame = Frame()
    while true {
      switch try byte() {
      case 0x21:
        // Of extensions only graphic control matters: it names the transparent index.
        let label = try byte()
        let content = try subBlocks(limit: 1 << 20)
        if label == 0xf9, content.count >= 4 {
          frame.transparent = content[0] & 1 == 1 ? Int(content[3]) : nil
        }
      case 0x2c:
        frame.left = try word()
        frame.top = try word()
        frame.width = try word()
        frame.height = try word()
        guard frame.width > 0, frame.height > 0, frame.left + frame.width <= screen.width,
          frame.top + frame.height <= screen.height
        else { throw failure("a GIF picture's frame lies outside of it") }
        let flags = try byte()
        frame.palette = global
        if flags & 0x80 != 0 {
          let size = 3 << (flags & 7 + 1)
          guard bytes.count - position >= size else {
            throw failure("it is a truncated GIF picture")
          }
          frame.palette = bytes[position..<position + size]
          position += size
        }
        let indices = try codes(count: frame.width * frame.height)
        frame.indices =
          flags & 0x40 == 0 ? indices : Self.interleaved(indices, frame.width, frame.height)
        return frame
      case 0x3b: throw failure("it is a GIF picture without a frame")
      default: throw failure("it is a damaged GIF picture")
      }
    }
  }

  /// Blocks of at most 255 bytes up to an empty one, put together.
  private mutating func subBlocks(limit: Int) throws(DatasetError) -> [UInt8] {
    var content: [UInt8] = []
    while true {
      let size = try byte()
      guard size > 0 else { return content }
      guard bytes.count - position >= size, content.count + size <= limit else {
        throw failure("it is a truncated GIF picture")
      }
      content += bytes[position..<position + size]
      position += size
    }
  }

  /// LZW with codes of growing length (appendix F): exactly `count` indices.
  private mutating func codes(count: Int) throws(DatasetError) -> [UInt8] {
    let start = try byte()
    guard (1...8).contains(start) else { throw failure("it is a damaged GIF picture") }
    let data = try subBlocks(limit: ImageDecoder.largestFile)
    let (clear, end) = (1 << start, 1 << start + 1)
    // Each code's entry: the code before it and its last index.
    var prefix = [Int](repeating: -1, count: 4096)
    var last = [UInt8](repeating: 0, count: 4096)
    for code in 0..<clear { last[code] = UInt8(code) }
    var (next, length) = (end + 1, start + 1)
    var (bits, held, at) = (0, 0, 0)
    var previous = -1
    var out: [UInt8] = []
    out.reserveCapacity(count)
    var text: [UInt8] = []
    while out.count < count {
      while held < length {
        guard at < data.count else { throw failure("it is a truncated GIF picture") }
        bits |= Int(data[at]) << held
        (held, at) = (held + 8, at + 1)
      }
      let code = bits & (1 << length - 1)
      (bits, held) = (bits >> length, held - length)
      if code == end { throw failure("it is a truncated GIF picture") }
      if code == clear {
        (next, length, previous) = (end + 1, start + 1, -1)
        continue
      }
      // A code may be the one that is about to be made: the text before it and its first index.
      guard code < next || code == next && previous >= 0, previous >= 0 || code < clear else {
        throw failure("it is a damaged GIF picture")
      }
      text.removeAll(keepingCapacity: true)
      var walk = code == next ? previous : code
      while walk >= 0 {
        text.append(last[walk])
        walk = prefix[walk]
      }
      let first = text[text.count - 1]
      out.append(contentsOf: text.reversed())
      if code == next { out.append(first) }
      if previous >= 0, next < 4096 {
        (prefix[next], last[next]) = (previous, first)
        next += 1
        if next == 1 << length, length < 12 { length += 1 }
      }
      previous = code
    }
    guard out.count == count else { throw failure("it is a damaged GIF picture") }
    return out
  }

  /// Rows in their order: every 8th, the 8ths between, the 4ths, then every second one.
  private static func interleaved(_ indices: [UInt8], _ width: Int, _ height: Int) -> [UInt8] {
    var rows = [UInt8](repeating: 0, count: indices.count)
    var source = 0
    for (first, step) in [(0, 8), (4, 8), (2, 4), (1, 2)] {
      for y in stride(from: first, to: height, by: step) {
        rows.replaceSubrange(y * width..<(y + 1) * width, with: indices[source..<source + width])
        source += width
      }
    }
    return rows
  }
}
