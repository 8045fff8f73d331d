import CImage

/// JPEG through libjpeg-turbo: grey, RGB, YCbCr, and CMYK and YCCK without a colour profile.
enum JPEGDecoder {
  static func header(_ bytes: [UInt8], _ name: String) throws(DatasetError)
    -> ImageDecoder.Header
  {
    let picture = try stated(bytes, name)
    return ImageDecoder.Header(
      width: Int(picture.width), height: Int(picture.height), channels: Int(picture.channels),
      isReducible: true, scans: JPEGSegments.scans(bytes))
  }

  /// What the file says of the picture, its sides checked.
  private static func stated(_ bytes: [UInt8], _ name: String) throws(DatasetError)
    -> crisp_jpeg_picture
  {
    var picture = crisp_jpeg_picture()
    guard crisp_jpeg_header(bytes, bytes.count, &picture) == 1 else {
      throw failure(picture, name)
    }
    try ImageDecoder.checkSides(Int(picture.width), Int(picture.height), name)
    return picture
  }

  /// A reduction leaves out the finest frequencies of each 8x8 block, which is several times
  /// faster than decoding all of them for a resize to average away.
  ///
  /// A truncated or damaged picture is refused: half a picture must not be classified. Warnings
  /// that leave the picture whole are passed over (`crisp_jpeg_decode`).
  static func decode(_ bytes: [UInt8], _ name: String, reduction: Int) throws(DatasetError)
    -> RasterImage
  {
    let stated = try stated(bytes, name)
    let channels = Int(stated.channels)
    let divisor = [8, 4, 2].first { reduction >= $0 } ?? 1
    let width = (Int(stated.width) + divisor - 1) / divisor
    let height = (Int(stated.height) + divisor - 1) / divisor
    var pixels = [UInt8](repeating: 0, count: width * height * channels)
    var picture = crisp_jpeg_picture()
    let result = crisp_jpeg_decode(
      bytes, bytes.count, Int32(divisor), &pixels, pixels.count, &picture)
    guard result == 1 else { throw failure(picture, name) }
    return RasterImage(width: width, height: height, channels: channels, pixels: pixels)
  }

  private static func failure(_ picture: crisp_jpeg_picture, _ name: String) -> DatasetError {
    let reason = withUnsafeBytes(of: picture.failure) { text in
      String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }
    return .undecodableImage(file: name, reason: reason)
  }
}
