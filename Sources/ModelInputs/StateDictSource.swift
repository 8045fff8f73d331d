import Datasets
import ModelFormats

extension StateDictImport.Source {
  /// What a data set answers for a state dict that belongs to it.
  public init(_ dataset: ImageDataset) {
    self.init(
      name: dataset.name, classes: dataset.classes, image: dataset.imageShape,
      usualImage: { dataset.usualShape }
    ) { input, resize in
      guard dataset.imageShape == nil || dataset.imageShape == input else { return nil }
      let found = try? Normalization(
        trainingSplitOf: dataset, geometry: InputGeometry(shape: input, resize: resize))
      return found.map { ($0.mean, $0.standardDeviation) }
    }
  }
}
