import Datasets
import ModelFormats
import NeuralGraph

extension StateDictImport.Source {
  /// What a data set answers for a state dict that belongs to it.
  public init(_ dataset: ImageDataset) {
    self.init(
      name: dataset.name, classes: dataset.classes,
      image: dataset.imageShape.map(ActivationShape.init),
      usualImage: { ActivationShape(dataset.usualShape) }
    ) { input, resize in
      let shape = ImageShape(channels: input.channels, height: input.height, width: input.width)
      guard dataset.imageShape == nil || dataset.imageShape == shape else { return nil }
      let found = try? Normalization(
        trainingSplitOf: dataset, geometry: InputGeometry(shape: shape, resize: resize))
      return found.map { ($0.mean, $0.standardDeviation) }
    }
  }
}

extension ActivationShape {
  fileprivate init(_ image: ImageShape) {
    self.init(channels: image.channels, height: image.height, width: image.width)
  }
}
