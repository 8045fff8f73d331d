import Datasets
import ModelFormats
import NeuralGraph

extension StateDictImport.Source {
  /// What a data set answers for a state dict that belongs to it.
  public init(_ dataset: ImageDataset) {
    let image = dataset.imageShape
    self.init(
      name: dataset.name, classes: dataset.classes,
      image: ActivationShape(channels: image.channels, height: image.height, width: image.width)
    ) {
      let normalization = Normalization(trainingSplitOf: dataset)
      return (normalization.mean, normalization.standardDeviation)
    }
  }
}
