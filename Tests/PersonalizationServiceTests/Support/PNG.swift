import CImage
import Testing

/// Writes pictures.
enum PNG {
  /// A square of 8-bit channels, grey unless told.
  static func square(
    _ pixels: [UInt8], side: UInt32, color: spng_color_type = SPNG_COLOR_TYPE_GRAYSCALE
  ) throws -> [UInt8] {
    let context = try #require(spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)))
    defer { spng_ctx_free(context) }
    spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1)
    var header = spng_ihdr()
    header.width = side
    header.height = side
    header.bit_depth = 8
    header.color_type = UInt8(color.rawValue)
    try #require(spng_set_ihdr(context, &header) == 0)
    try #require(
      spng_encode_image(
        context, pixels, pixels.count, Int32(SPNG_FMT_PNG.rawValue),
        Int32(SPNG_ENCODE_FINALIZE.rawValue)) == 0)
    var size = 0
    var code: Int32 = 0
    let buffer = try #require(spng_get_png_buffer(context, &size, &code))
    defer { free(buffer) }
    return Array(UnsafeRawBufferPointer(start: buffer, count: size))
  }
}
