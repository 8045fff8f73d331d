import CImage

/// WebP through libwebp: lossy and lossless still pictures; alpha is left out, as PNG's is.
enum WebPDecoder {
  static func header(_ bytes: [UInt8], _ name: String) throws(DatasetError)
    -> ImageDecoder.Header
  {
    var features = WebPBitstreamFeatures()
    guard WebPGetFeatures(bytes, bytes.count, &features) == VP8_STATUS_OK else {
      throw .undecodableImage(file: name, reason: "it is a damaged WebP picture")
    }
    guard features.has_animation == 0 else {
      throw .undecodableImage(
        file: name, reason: "it is an animated WebP picture; save one of its frames")
    }
    try ImageDecoder.checkSides(Int(features.width), Int(features.height), name)
    return ImageDecoder.Header(
      width: Int(features.width), height: Int(features.height), channels: 3, isReducible: false,
      scans: 1)
  }

  static func decode(_ bytes: [UInt8], _ name: String) throws(DatasetError) -> RasterImage {
    let header = try header(bytes, name)
    var pixels = [UInt8](repeating: 0, count: header.width * header.height * 3)
    let decoded = pixels.withUnsafeMutableBufferPointer { pixels in
      WebPDecodeRGBInto(
        bytes, bytes.count, pixels.baseAddress, pixels.count, Int32(header.width * 3)) != nil
    }
    guard decoded else {
      throw .undecodableImage(file: name, reason: "it is a damaged or truncated WebP picture")
    }
    return RasterImage(width: header.width, height: header.height, channels: 3, pixels: pixels)
  }
}
