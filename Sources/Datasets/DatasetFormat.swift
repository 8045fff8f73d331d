/// How a data set lies on disk.
public enum DatasetFormat: String, Sendable, CaseIterable, Codable {
  /// Four files of MNIST's kind, see `IDXFolder`.
  case idx
  /// CIFAR-10's or CIFAR-100's binary version, see `CIFARFolder`.
  case cifar
  /// Pictures as `split/class/file`, see `ImageFolder`.
  case folder
  /// Arrays of NumPy's in one file, see `NPZFile`.
  case npz

  /// The format of what lies at a path; nil when it is none of them.
  public static func found(at path: String) -> DatasetFormat? {
    if IDXFolder.matches(path) { return .idx }
    if CIFARFolder.matches(path) { return .cifar }
    if ImageFolder.matches(path) { return .folder }
    if NPZFile.matches(path) { return .npz }
    return nil
  }
}

/// Where class names come from.
public enum ClassNames: Sendable, Hashable {
  /// The data set itself: its names file or its folders.
  case found
  /// A labels file, see `LabelsFile`.
  case file(String)
  /// These, in label order.
  case given([String])
}
