import Datasets
import ModelFormats
import NeuralGraph

extension StateDictImport.Source {
  /// What a data set answers for a state dict that belongs to it.
  public init(_ dataset: ImageDataset) {
    self.init(
      name: dataset.name, classes: dataset.classes,
      image: dataset.imageShape.map {
        ActivationShape(channels: $0.channels, height: $0.height, width: $0.width)
      }
    ) {
      // Pictures of many sizes have statistics only at a size; the caller is asked for them then.
      guard let normalization = try? Normalization(trainingSplitOf: dataset) else { return nil }
      return (normalization.mean, normalization.standardDeviation)
    }
  }
}
