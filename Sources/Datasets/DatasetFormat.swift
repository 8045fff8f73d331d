/// How a data set lies on disk.
public enum DatasetFormat: String, Sendable, CaseIterable, Codable {
  /// Four files of MNIST's kind, see `IDXFolder`.
  case idx
  /// CIFAR-10's or CIFAR-100's binary version, see `CIFARFolder`.
  case cifar
  /// Pictures as `split/class/file`, see `ImageFolder`.
  case folder
  /// The same with pictures in folders within class folders, on request only: some sets keep in them
  /// what is not meant to be trained on.
  case nestedFolder = "nested-folder"
  /// Arrays of NumPy's in one file, see `NPZFile`.
  case npz
  /// The same with channels before rows, N x C x H x W, on request only: 3 x 32 x 3 may be either.
  case npzNCHW = "npz-nchw"
  /// The same with images as floats in 0…1, on request only: floats may be anything.
  case npzUnit = "npz-unit"
  /// The same with both.
  case npzNCHWUnit = "npz-nchw-unit"

  /// Whether images lie in files of their own.
  public var isInFiles: Bool { self == .folder || self == .nestedFolder }

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
