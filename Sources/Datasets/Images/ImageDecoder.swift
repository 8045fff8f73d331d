import CImage
import Foundation

/// Decodes PNG (libspng) and JPEG (libturbojpeg) pictures.
public enum ImageDecoder {
  /// Files larger than this are refused.
  public static let largestFile = 64 << 20

  /// Reads and decodes a file.
  public static func decode(file: String) throws(DatasetError) -> RasterImage {
    let data: Data
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
      defer { try? handle.close() }
      // The size a link or a device reports is not the size of what it yields.
      data = try handle.read(upToCount: largestFile + 1) ?? Data()
    } catch {
      throw .unreadable(file: file, reason: "\(error.localizedDescription)")
    }
    guard data.count <= largestFile else {
      throw .undecodableImage(file: file, reason: "it is larger than 64 MiB")
    }
    return try decode([UInt8](data), name: file)
  }

  /// Decodes bytes; `name` is what errors call them.
  public static func decode(_ bytes: [UInt8], name: String) throws(DatasetError) -> RasterImage {
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) { return try decodePNG(bytes, name) }
    if bytes.starts(with: [0xff, 0xd8, 0xff]) { return try decodeJPEG(bytes, name) }
    throw .undecodableImage(file: name, reason: "it is neither PNG nor JPEG")
  }

  private static func decodePNG(_ bytes: [UInt8], _ name: String) throws(DatasetError)
    -> RasterImage
  {
    func failure(_ code: Int32) -> DatasetError {
      .undecodableImage(file: name, reason: String(cString: spng_strerror(code)))
    }
    guard let context = spng_ctx_new(0) else {
      throw .undecodableImage(file: name, reason: "out of memory")
    }
    defer { spng_ctx_free(context) }
    let side = UInt32(RasterImage.largestSide)
    spng_set_image_limits(context, side, side)
    spng_set_chunk_limits(context, 1 << 20, 4 << 20)
    // The array must stay in place while the context reads from it.
    let decoded = bytes.withUnsafeBytes { buffer in
      Result { () throws(DatasetError) in
        var code = spng_set_png_buffer(context, buffer.baseAddress, buffer.count)
        guard code == 0 else { throw failure(code) }
        var header = spng_ihdr()
        code = spng_get_ihdr(context, &header)
        guard code == 0 else { throw failure(code) }
        // Grey pictures keep one channel; every other kind, palettes too, expands to RGB.
        let isGrey =
          Int(header.color_type) == Int(SPNG_COLOR_TYPE_GRAYSCALE.rawValue)
          && header.bit_depth <= 8
        let format = Int32((isGrey ? SPNG_FMT_G8 : SPNG_FMT_RGB8).rawValue)
        var size = 0
        code = spng_decoded_image_size(context, format, &size)
        guard code == 0 else { throw failure(code) }
        let width = Int(header.width)
        let height = Int(header.height)
        let channels = isGrey ? 1 : 3
        guard size == width * height * channels else {
          throw .undecodableImage(file: name, reason: "its size contradicts its header")
        }
        var pixels = [UInt8](repeating: 0, count: size)
        code = spng_decode_image(context, &pixels, size, format, 0)
        guard code == 0 else { throw failure(code) }
        // Decoding stops at the last pixel, before the checksum that vouches for it.
        code = spng_decode_chunks(context)
        guard code == 0 else { throw failure(code) }
        return RasterImage(width: width, height: height, channels: channels, pixels: pixels)
      }
    }
    return try decoded.get()
  }

  private static func decodeJPEG(_ bytes: [UInt8], _ name: String) throws(DatasetError)
    -> RasterImage
  {
    guard let handle = tjInitDecompress() else {
      throw .undecodableImage(file: name, reason: "out of memory")
    }
    defer { tjDestroy(handle) }
    func failure() -> DatasetError {
      .undecodableImage(file: name, reason: String(cString: tjGetErrorStr2(handle)))
    }
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colorspace: Int32 = 0
    let length = UInt(bytes.count)
    guard
      tjDecompressHeader3(
        handle, bytes, length, &width, &height, &subsampling, &colorspace) == 0
    else { throw failure() }
    let limit = Int32(RasterImage.largestSide)
    guard (1...limit).contains(width), (1...limit).contains(height) else {
      throw .undecodableImage(
        file: name, reason: "\(width)x\(height) is beyond \(limit) pixels a side")
    }
    let isGrey = colorspace == Int32(TJCS_GRAY.rawValue)
    let channels = isGrey ? 1 : 3
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * channels)
    let format = Int32((isGrey ? TJPF_GRAY : TJPF_RGB).rawValue)
    // A truncated picture only warns; half a picture must not be classified.
    guard
      tjDecompress2(
        handle, bytes, length, &pixels, width, 0, height, format, Int32(TJFLAG_STOPONWARNING))
        == 0
    else { throw failure() }
    return RasterImage(
      width: Int(width), height: Int(height), channels: channels, pixels: pixels)
  }
}
