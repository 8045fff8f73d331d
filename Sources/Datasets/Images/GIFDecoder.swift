/// The first frame of a GIF (CompuServe's "Graphics Interchange Format", version 89a). What the
/// frame leaves of the screen, and what is transparent, has the background's colour or, without one,
/// is black.
enum GIFDecoder {
  static func header(_ bytes: [UInt8], _ name: String) throws(DatasetError)
    -> ImageDecoder.Header
  {
    let screen = try Screen(bytes, name)
    return ImageDecoder.Header(
      width: screen.width, height: screen.height, channels: 3, isReducible: false, scans: 1)
  }

  static func decode(_ bytes: [UInt8], _ name: String) throws(DatasetError) -> RasterImage {
    let screen = try Screen(bytes, name)
    var reader = GIFReader(bytes: bytes, name: name, position: screen.end)
    let frame = try reader.firstFrame(
      global: screen.palette, within: (screen.width, screen.height))
    let background = screen.background
    var pixels = [UInt8](repeating: 0, count: screen.width * screen.height * 3)
    if background != [0, 0, 0] {
      for i in pixels.indices { pixels[i] = background[i % 3] }
    }
    for y in 0..<frame.height {
      for x in 0..<frame.width {
        let index = Int(frame.indices[y * frame.width + x])
        if index == frame.transparent { continue }
        guard index * 3 + 3 <= frame.palette.count else {
          throw .undecodableImage(
            file: name, reason: "a GIF picture's colour is not in its palette")
        }
        let out = ((frame.top + y) * screen.width + frame.left + x) * 3
        for channel in 0..<3 {
          pixels[out + channel] = frame.palette[frame.palette.startIndex + index * 3 + channel]
        }
      }
    }
    return RasterImage(width: screen.width, height: screen.height, channels: 3, pixels: pixels)
  }

  /// The logical screen.
  private struct Screen {
    let width, height: Int
    let palette: ArraySlice<UInt8>
    /// Red, green, blue.
    let background: [UInt8]
    /// Where its description ends.
    let end: Int

    init(_ bytes: [UInt8], _ name: String) throws(DatasetError) {
      guard bytes.count >= 13 else {
        throw .undecodableImage(file: name, reason: "it is a truncated GIF picture")
      }
      width = Int(bytes[6]) | Int(bytes[7]) << 8
      height = Int(bytes[8]) | Int(bytes[9]) << 8
      try ImageDecoder.checkSides(width, height, name)
      let size = bytes[10] & 0x80 == 0 ? 0 : 3 << (Int(bytes[10] & 7) + 1)
      end = 13 + size
      guard end <= bytes.count else {
        throw .undecodableImage(file: name, reason: "it is a truncated GIF picture")
      }
      palette = bytes[13..<end]
      let index = 13 + 3 * Int(bytes[11])
      background = index + 3 <= end ? Array(bytes[index..<index + 3]) : [0, 0, 0]
    }
  }
}
