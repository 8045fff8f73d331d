import Datasets
import ModelFormats
import SparseRuntime

extension InputGeometry {
  /// How pictures come to the size that a model states.
  public init(_ preprocessing: Preprocessing) {
    self.init(
      shape: preprocessing.shape, resize: preprocessing.resize,
      turnsUpright: preprocessing.orientation == .exif)
  }
}

extension Preprocessing {
  /// A picture file as the network's input, normalised, in NCHW order. Throws `preprocessing` for a
  /// network whose channels are not those of a picture.
  public func input(file: String) throws -> [Float] {
    try requirePictureChannels()
    return try normalized(pixels: InputGeometry(self).pixels(file: file))
  }

  /// The same for a picture's bytes, see `InputGeometry.pixels(_:name:mostPixels:)`.
  public func input(picture bytes: [UInt8], name: String, mostPixels: Int) throws -> [Float] {
    try requirePictureChannels()
    return try normalized(
      pixels: InputGeometry(self).pixels(bytes, name: name, mostPixels: mostPixels))
  }
}

extension Preprocessing {
  /// What is asked of a picture when it cannot be given.
  fileprivate var channelMismatch: String? {
    channels == 1 || channels == 3
      ? nil
      : "pictures have 1 or 3 channels, and the model reads \(channels): what the others hold "
        + "(transparency is not a copy of a colour) only an array can say"
  }

  fileprivate func requirePictureChannels() throws(FormatError) {
    if let channelMismatch { throw .preprocessing(reason: channelMismatch) }
  }
}

extension BatchLoader {
  /// A loader of a model's inputs: its classes, size and statistics. Throws as the other one does, and
  /// for pictures in files whose channels are not the model's.
  public init(
    dataset: ImageDataset, classes: [Int], preprocessing: Preprocessing, decodeThreads: Int? = nil
  ) throws(DatasetError) {
    if dataset.imageShape == nil, let reason = preprocessing.channelMismatch {
      throw .malformed(file: dataset.name, reason: reason)
    }
    try self.init(
      dataset: dataset, classes: classes,
      normalization: Normalization(
        mean: preprocessing.mean, standardDeviation: preprocessing.standardDeviation),
      geometry: InputGeometry(preprocessing), decodeThreads: decodeThreads)
  }
}
