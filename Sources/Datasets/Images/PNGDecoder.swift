import CImage

/// PNG through libspng, with limits on sizes and chunks.
enum PNGDecoder {
  static func header(_ bytes: [UInt8], _ name: String) throws(DatasetError)
    -> ImageDecoder.Header
  {
    try withContext(bytes, name) { context, header throws(DatasetError) in
      ImageDecoder.Header(
        width: Int(header.width), height: Int(header.height), channels: channels(header),
        isReducible: false, scans: 1)
    }
  }

  static func decode(_ bytes: [UInt8], _ name: String) throws(DatasetError) -> RasterImage {
    try withContext(bytes, name) { context, header throws(DatasetError) in
      let channels = channels(header)
      let format = Int32((channels == 1 ? SPNG_FMT_G8 : SPNG_FMT_RGB8).rawValue)
      var size = 0
      var code = spng_decoded_image_size(context, format, &size)
      guard code == 0 else { throw failure(code, name) }
      let width = Int(header.width)
      let height = Int(header.height)
      guard size == width * height * channels else {
        throw .undecodableImage(file: name, reason: "its size contradicts its header")
      }
      var pixels = [UInt8](repeating: 0, count: size)
      code = spng_decode_image(context, &pixels, size, format, 0)
      guard code == 0 else { throw failure(code, name) }
      // Decoding stops at the last pixel, before the checksum that vouches for it.
      code = spng_decode_chunks(context)
      guard code == 0 else { throw failure(code, name) }
      return RasterImage(width: width, height: height, channels: channels, pixels: pixels)
    }
  }

  /// Grey pictures keep one channel; every other kind, palettes too, expands to RGB.
  private static func channels(_ header: spng_ihdr) -> Int {
    Int(header.color_type) == Int(SPNG_COLOR_TYPE_GRAYSCALE.rawValue) && header.bit_depth <= 8
      ? 1 : 3
  }

  private static func failure(_ code: Int32, _ name: String) -> DatasetError {
    .undecodableImage(file: name, reason: String(cString: spng_strerror(code)))
  }

  private static func withContext<Value>(
    _ bytes: [UInt8], _ name: String,
    _ body: (OpaquePointer, spng_ihdr) throws(DatasetError) -> Value
  ) throws(DatasetError) -> Value {
    guard let context = spng_ctx_new(0) else {
      throw .undecodableImage(file: name, reason: "out of memory")
    }
    defer { spng_ctx_free(context) }
    let side = UInt32(RasterImage.largestSide)
    spng_set_image_limits(context, side, side)
    spng_set_chunk_limits(context, 1 << 20, 4 << 20)
    // The array must stay in place while the context reads from it.
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(DatasetError) in
        var code = spng_set_png_buffer(context, buffer.baseAddress, buffer.count)
        guard code == 0 else { throw failure(code, name) }
        var header = spng_ihdr()
        code = spng_get_ihdr(context, &header)
        guard code == 0 else { throw failure(code, name) }
        return try body(context, header)
      }
    }
    return try result.get()
  }
}
