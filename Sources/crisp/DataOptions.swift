import ArgumentParser
import Datasets
import Foundation

/// The data set a command reads.
struct DataOptions: ParsableArguments {
  @Option(help: DataHelp.text)
  var data = DatasetCatalog.fashionMNIST.name

  @Option(
    help: ArgumentHelp(
      "How --data is read: \(DatasetFormat.allCases.map(\.rawValue).joined(separator: ", ")).",
      discussion: """
        Default: recognised by the content. nested-folder also takes pictures in folders within class \
        folders; npz-nchw is for arrays with channels before rows, npz-unit for floats in 0…1.
        """))
  var dataFormat: DatasetFormat?

  @Option(help: "A file of the data set's class names, as crisp-server dataset add takes.")
  var labels: String?

  /// Loads it, and tells on standard error what its reader left out.
  func load() throws -> ImageDataset {
    let dataset = try DatasetCatalog.load(
      data, format: dataFormat, classes: labels.map { .file($0) } ?? .found)
    warn(dataset.leftOut.warning)
    return dataset
  }
}

extension DatasetFormat: ExpressibleByArgument {}

/// Writes a warning to standard error, if there is one.
func warn(_ text: String?) {
  guard let text else { return }
  FileHandle.standardError.write(Data("warning: \(text)\n".utf8))
}
