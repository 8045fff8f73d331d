import CImage

/// JPEG through libturbojpeg.
enum JPEGDecoder {
  static func header(_ bytes: [UInt8], _ name: String) throws(DatasetError)
    -> ImageDecoder.Header
  {
    try withHandle(name) { handle throws(DatasetError) in try header(bytes, name, handle) }
  }

  /// A reduction leaves out the finest frequencies of each 8x8 block, which is several times
  /// faster than decoding all of them for a resize to average away.
  static func decode(_ bytes: [UInt8], _ name: String, reduction: Int) throws(DatasetError)
    -> RasterImage
  {
    try withHandle(name) { handle throws(DatasetError) in
      let header = try header(bytes, name, handle)
      let divisor = max(1, min(8, reduction))
      let width = (header.width + divisor - 1) / divisor
      let height = (header.height + divisor - 1) / divisor
      var pixels = [UInt8](repeating: 0, count: width * height * header.channels)
      let format = Int32((header.channels == 1 ? TJPF_GRAY : TJPF_RGB).rawValue)
      // A truncated picture only warns; half a picture must not be classified. A progressive one
      // may hold any number of scans, each of which costs a pass over the whole picture.
      let flags = Int32(TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS)
      let code = tjDecompress2(
        handle, bytes, UInt(bytes.count), &pixels, Int32(width), 0, Int32(height), format, flags)
      guard code == 0 else { throw failure(handle, name) }
      return RasterImage(
        width: width, height: height, channels: header.channels, pixels: pixels)
    }
  }

  private static func header(_ bytes: [UInt8], _ name: String, _ handle: tjhandle)
    throws(DatasetError) -> ImageDecoder.Header
  {
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colorspace: Int32 = 0
    let code = tjDecompressHeader3(
      handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &colorspace)
    guard code == 0 else { throw failure(handle, name) }
    let limit = Int32(RasterImage.largestSide)
    guard (1...limit).contains(width), (1...limit).contains(height) else {
      throw .undecodableImage(
        file: name, reason: "\(width)x\(height) is beyond \(limit) pixels a side")
    }
    return ImageDecoder.Header(
      width: Int(width), height: Int(height),
      channels: colorspace == Int32(TJCS_GRAY.rawValue) ? 1 : 3, isReducible: true,
      scans: JPEGScans.count(bytes))
  }

  private static func failure(_ handle: tjhandle, _ name: String) -> DatasetError {
    .undecodableImage(file: name, reason: String(cString: tjGetErrorStr2(handle)))
  }

  private static func withHandle<Value>(
    _ name: String, _ body: (tjhandle) throws(DatasetError) -> Value
  ) throws(DatasetError) -> Value {
    guard let handle = tjInitDecompress() else {
      throw .undecodableImage(file: name, reason: "out of memory")
    }
    defer { tjDestroy(handle) }
    return try body(handle)
  }
}
