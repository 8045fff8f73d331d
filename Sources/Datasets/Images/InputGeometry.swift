/// How a picture of any size becomes an input of one size. Training, evaluation and prediction all
/// come through here, so that a model meets what it was trained on.
public struct InputGeometry: Sendable, Hashable {
  /// Channels, rows and columns of the input. Grey pictures fill every channel; colour becomes grey
  /// by Rec. 601 luma.
  public let shape: ImageShape
  /// Pixels of a picture's shorter side before the centre is cut out (torchvision's `Resize` and
  /// `CenterCrop`); nil stretches the whole picture to the input's size.
  public let resize: Int?
  /// Whether pictures are turned upright as their EXIF data says, as every viewer does; else they are
  /// taken as they are stored, which models that were made before saw.
  public let turnsUpright: Bool

  /// A geometry as given; a `resize` below the input's sides counts as the longer of them.
  public init(shape: ImageShape, resize: Int? = nil, turnsUpright: Bool = true) {
    self.shape = shape
    self.resize = resize.map { max($0, shape.height, shape.width) }
    self.turnsUpright = turnsUpright
  }

  /// The usual geometry for photographs: of 256 rows and columns, the 224 in the middle, and the
  /// same proportion at other sizes.
  public static func photographs(shape: ImageShape) -> InputGeometry {
    let side = max(shape.height, shape.width)
    return InputGeometry(shape: shape, resize: (side * 256 + 112) / 224)
  }

  /// A picture file as evaluation sees it: channel planes of 8-bit values, `shape.count` in all.
  /// Throws what `ImageDecoder.decode` throws.
  public func planes(file: String) throws(DatasetError) -> [UInt8] {
    try planes(try ImageDecoder.read(file: file), name: file)
  }

  /// The same with channels interleaved: row, column, channel. Throws the same.
  public func pixels(file: String) throws(DatasetError) -> [UInt8] {
    try pixels(try ImageDecoder.read(file: file), name: file)
  }

  /// The same for a picture's bytes, which errors call `name`. A picture of more than `mostPixels`
  /// is refused before it is decoded.
  public func pixels(_ bytes: [UInt8], name: String, mostPixels: Int = .max) throws(DatasetError)
    -> [UInt8]
  {
    let planes = try planes(bytes, name: name, mostPixels: mostPixels)
    let area = shape.height * shape.width
    return planes.indices.map { planes[$0 % shape.channels * area + $0 / shape.channels] }
  }

  /// Channel planes of a picture's bytes; `crop` chooses a part of it in place of the centre.
  package func planes(
    _ bytes: [UInt8], name: String, mostPixels: Int = .max,
    crop: (_ width: Int, _ height: Int) -> PictureRegion? = { _, _ in nil }
  ) throws(DatasetError) -> [UInt8] {
    let header = try ImageDecoder.header(bytes, name: name)
    guard header.width * header.height <= mostPixels else {
      throw .tooManyPixels(
        file: name, width: header.width, height: header.height, most: mostPixels)
    }
    // Each scan is a pass over all pixels; the usual progressive script has ten.
    let (passes, _) = mostPixels.multipliedReportingOverflow(by: 10)
    let scansAllowed = min(
      ImageDecoder.mostScans,
      mostPixels == .max ? .max : max(10, passes / max(1, header.width * header.height)))
    guard header.scans <= scansAllowed else {
      throw .tooManyScans(file: name, scans: header.scans, most: scansAllowed)
    }
    let orientation = turnsUpright ? header.orientation : .upright
    let (width, height) =
      turnsUpright ? header.uprightSize : (width: header.width, height: header.height)
    let upright = sampling(width: width, height: height, region: crop(width, height))
    let reduction = header.isReducible ? upright.reduction : 1
    let image = try ImageDecoder.decode(bytes, name: name, reduction: reduction)
    // Only the small result is turned: the picture is sampled where it lies.
    let stored = upright.stored(orientation, width: header.width, height: header.height)
    return orientation.upright(
      planes(of: image, stored, reduction: reduction), shape: shape)
  }

  /// Channel planes of a decoded picture.
  package func planes(of image: RasterImage, region: PictureRegion?) -> [UInt8] {
    planes(
      of: image, sampling(width: image.width, height: image.height, region: region), reduction: 1)
  }

  /// Channel planes of what `sampling` takes of a picture.
  private func planes(of image: RasterImage, _ sampling: Sampling, reduction: Int) -> [UInt8] {
    image.planes(
      channels: shape.channels, rows: sampling.rows.axis(of: image.height, reduction: reduction),
      columns: sampling.columns.axis(of: image.width, reduction: reduction))
  }

  private func sampling(width: Int, height: Int, region: PictureRegion?) -> Sampling {
    if let region {
      return Sampling(
        rows: .init(origin: region.y, length: region.height, size: shape.height),
        columns: .init(origin: region.x, length: region.width, size: shape.width))
    }
    guard let resize else {
      return Sampling(
        rows: .init(origin: 0, length: height, size: shape.height),
        columns: .init(origin: 0, length: width, size: shape.width))
    }
    // The longer side is rounded down and the margin to even, as torchvision does.
    let short = min(width, height)
    return Sampling(
      rows: .init(length: height, size: resize * height / short, centre: shape.height),
      columns: .init(length: width, size: resize * width / short, centre: shape.width))
  }
}

/// Which part of a picture is stretched to what, along both axes.
private struct Sampling {
  let rows: AxisSampling
  let columns: AxisSampling

  /// The same of a picture that has to be turned to stand upright, in its own rows and columns.
  func stored(_ orientation: PictureOrientation, width: Int, height: Int) -> Sampling {
    let (down, right) = orientation.isTransposed ? (columns, rows) : (rows, columns)
    return Sampling(
      rows: orientation.reversesRows ? down.reversed(count: height) : down,
      columns: orientation.reversesColumns ? right.reversed(count: width) : right)
  }

  /// What the sides of a picture may be divided by before resampling: what is left is at least
  /// twice as fine as the input, so that the triangle filter still decides the result.
  var reduction: Int {
    let ratio = min(rows.scale, columns.scale)
    return [8, 4, 2].first { ratio >= Double(2 * $0) } ?? 1
  }
}

private struct AxisSampling {
  let origin: Int
  let length: Int
  let size: Int
  let positions: Range<Int>

  init(origin: Int, length: Int, size: Int) {
    self.origin = origin
    self.length = length
    self.size = size
    positions = 0..<size
  }

  init(length: Int, size: Int, centre: Int) {
    origin = 0
    self.length = length
    self.size = size
    let margin = Int((Double(size - centre) / 2).rounded(.toNearestOrEven))
    positions = margin..<margin + centre
  }

  private init(origin: Int, length: Int, size: Int, positions: Range<Int>) {
    self.origin = origin
    self.length = length
    self.size = size
    self.positions = positions
  }

  /// The same part of an axis of `count` pixels that is counted from its other end.
  func reversed(count: Int) -> AxisSampling {
    AxisSampling(
      origin: count - origin - length, length: length, size: size,
      positions: size - positions.upperBound..<size - positions.lowerBound)
  }

  var scale: Double { Double(length) / Double(size) }

  func axis(of count: Int, reduction: Int) -> ResamplingAxis {
    ResamplingAxis(
      origin: Double(origin) / Double(reduction), length: Double(length) / Double(reduction),
      count: count, size: size, positions: positions)
  }
}
