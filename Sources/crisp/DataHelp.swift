import ArgumentParser

/// What every command says of its data set.
enum DataHelp {
  /// The forms that `DatasetCatalog.load` takes.
  static let text: ArgumentHelp =
    "Data set: a known name, a folder (IDX, CIFAR binary, split/class/picture), or an .npz file."
}
