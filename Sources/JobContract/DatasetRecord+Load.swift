import Datasets
import Store

extension DatasetRecord {
  /// The data set at the record's path. The class names are the registered ones: a labels file was needed
  /// once only.
  /// - Throws: `DatasetError`.
  package func load() throws(DatasetError) -> ImageDataset {
    try DatasetCatalog.load(
      path: path, name: name, format: DatasetFormat(rawValue: format), classes: .given(classes))
  }
}
