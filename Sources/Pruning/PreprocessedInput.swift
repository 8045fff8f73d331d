import Datasets
import ModelFormats

extension InputGeometry {
  /// How pictures come to the size that a model states.
  public init(_ preprocessing: Preprocessing) {
    let shape = preprocessing.shape
    self.init(
      shape: ImageShape(channels: shape.channels, height: shape.height, width: shape.width),
      resize: preprocessing.resize)
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
