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
  /// A picture file as the network's input, normalised, in NCHW order.
  public func input(file: String) throws -> [Float] {
    try normalized(pixels: InputGeometry(self).pixels(file: file))
  }

  /// The same for a picture's bytes, see `InputGeometry.pixels(_:name:mostPixels:)`.
  public func input(picture bytes: [UInt8], name: String, mostPixels: Int) throws -> [Float] {
    try normalized(
      pixels: InputGeometry(self).pixels(bytes, name: name, mostPixels: mostPixels))
  }
}

extension BatchLoader {
  /// A loader of a model's inputs: its classes, size and statistics.
  public init(
    dataset: ImageDataset, classes: [Int], preprocessing: Preprocessing, decodeThreads: Int? = nil
  ) throws(DatasetError) {
    try self.init(
      dataset: dataset, classes: classes,
      normalization: Normalization(
        mean: preprocessing.mean, standardDeviation: preprocessing.standardDeviation),
      geometry: InputGeometry(preprocessing), decodeThreads: decodeThreads)
  }
}
