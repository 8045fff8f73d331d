/// BMP (Microsoft's `BITMAPINFOHEADER` and those after it, and OS/2's core header): pictures that
/// are not compressed, of 1, 4 or 8 bits with a palette, or of 24 or 32 bits in the usual order. The
/// rarer forms, run lengths and bit fields of 16 bits, are refused by name.
enum BMPDecoder {
  static func header(_ bytes: [UInt8], _ name: String) throws(DatasetError)
    -> ImageDecoder.Header
  {
    let form = try Form(bytes, name)
    return ImageDecoder.Header(
      width: form.width, height: form.height, channels: 3, isReducible: false, scans: 1)
  }

  static func decode(_ bytes: [UInt8], _ name: String) throws(DatasetError) -> RasterImage {
    let form = try Form(bytes, name)
    // Rows are filled up to whole words of 32 bits; sides of at most 8192 pixels overflow nothing.
    let stride = (form.width * form.bits + 31) / 32 * 4
    guard form.start <= bytes.count, bytes.count - form.start >= stride * form.height else {
      throw .undecodableImage(file: name, reason: "it is a truncated BMP picture")
    }
    var pixels = [UInt8](repeating: 0, count: form.width * form.height * 3)
    for y in 0..<form.height {
      let row = form.start + stride * (form.isTopDown ? y : form.height - 1 - y)
      for x in 0..<form.width {
        let colour: Int
        if form.bits >= 24 {
          colour = row + x * form.bits / 8
        } else {
          let byte = Int(bytes[row + x * form.bits / 8])
          let shift = 8 - form.bits - x * form.bits % 8
          let index = byte >> shift & (1 << form.bits - 1)
          guard index < form.colours else {
            throw .undecodableImage(
              file: name, reason: "a BMP picture's colour is not in its palette")
          }
          colour = form.palette + index * form.paletteEntry
        }
        let out = (y * form.width + x) * 3
        // Blue first.
        for channel in 0..<3 { pixels[out + channel] = bytes[colour + 2 - channel] }
      }
    }
    return RasterImage(width: form.width, height: form.height, channels: 3, pixels: pixels)
  }

  /// What stands before the pixels, checked against the file's size.
  private struct Form {
    let width, height, bits: Int
    let isTopDown: Bool
    /// Where the first row of pixels is.
    let start: Int
    /// Where the palette is, its bytes a colour, and its colours.
    let palette, paletteEntry, colours: Int

    init(_ bytes: [UInt8], _ name: String) throws(DatasetError) {
      func refused(_ reason: String) -> DatasetError {
        .undecodableImage(file: name, reason: reason)
      }
      func number(_ position: Int, _ count: Int) throws(DatasetError) -> Int {
        guard position + count <= bytes.count else {
          throw refused("it is a truncated BMP picture")
        }
        return bytes[position..<position + count].reversed().reduce(0) { $0 << 8 | Int($1) }
      }
      func signed(_ position: Int) throws(DatasetError) -> Int {
        Int(Int32(truncatingIfNeeded: try number(position, 4)))
      }
      start = try number(10, 4)
      let size = try number(14, 4)
      let isCore = size == 12
      guard isCore || (40...1024).contains(size) else {
        throw refused("it is a BMP picture of an unknown form")
      }
      let rows = isCore ? try number(20, 2) : try signed(22)
      width = isCore ? try number(18, 2) : try signed(18)
      height = abs(rows)
      isTopDown = rows < 0
      bits = try number(isCore ? 24 : 28, 2)
      let compression = isCore ? 0 : try number(30, 4)
      try ImageDecoder.checkSides(width, height, name)
      guard [1, 4, 8, 24, 32].contains(bits), compression == 0 || compression == 3 && bits == 32
      else {
        throw refused(
          "it is a BMP picture of \(bits) bits with compression \(compression), which is not read; "
            + "save it as PNG or JPEG")
      }
      if compression == 3 {
        let masks = try [54, 58, 62].map { position throws(DatasetError) in try number(position, 4)
        }
        guard masks == [0xff0000, 0xff00, 0xff] else {
          throw refused("it is a BMP picture with unusual bit fields, which are not read")
        }
      }
      palette = 14 + size
      paletteEntry = isCore ? 3 : 4
      let stated = isCore ? 0 : try number(46, 4)
      let most = bits <= 8 ? 1 << bits : 0
      colours = stated == 0 ? most : min(stated, most)
      guard palette + colours * paletteEntry <= bytes.count else {
        throw refused("it is a truncated BMP picture")
      }
    }
  }
}
