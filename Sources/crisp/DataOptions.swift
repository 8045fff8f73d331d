import ArgumentParser
import Datasets
import Flags
import Foundation

/// The data set a command reads.
struct DataOptions: ParsableArguments {
  @Option(help: DataHelp.text)
  var data = DatasetCatalog.fashionMNIST.name

  @OptionGroup var form: DataFormOptions

  /// Loads it, and tells on standard error what its reader left out.
  func load() throws -> ImageDataset { try form.load(data) }
}

/// What a data set's content does not say, or says otherwise than is meant.
struct DataFormOptions: ParsableArguments {
  @OptionGroup var format: DataFormatOption

  @Option(help: "A file of the data set's class names, as crisp-server dataset add takes.")
  var labels: String?

  /// Loads a data set of this form, and tells on standard error what its reader left out.
  func load(_ data: String) throws -> ImageDataset {
    try format.load(data, classes: labels.map { .file($0) } ?? .found)
  }
}

/// How a data set lies on disk.
struct DataFormatOption: ParsableArguments {
  @Option(help: DatasetFormatHelp.text("the data set"))
  var dataFormat: DatasetFormat?

  /// Loads a data set of this format, and tells on standard error what its reader left out.
  func load(_ data: String, classes: ClassNames = .found) throws -> ImageDataset {
    let dataset = try DatasetCatalog.load(data, format: dataFormat, classes: classes)
    warn(dataset.leftOut.warning)
    return dataset
  }
}

/// Writes a warning to standard error, if there is one.
func warn(_ text: String?) {
  guard let text else { return }
  FileHandle.standardError.write(Data("warning: \(text)\n".utf8))
}
