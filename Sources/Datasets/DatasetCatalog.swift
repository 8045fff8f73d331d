import Foundation

/// Finds data sets by well-known name or by path.
public enum DatasetCatalog {
  /// A data set that a Debian package installs.
  public struct KnownDataset: Sendable {
    /// The name users say.
    public let name: String
    /// Where the package puts it.
    public let path: String
    /// The Debian package.
    public let package: String
    /// Class names in label order, which the files themselves do not hold.
    public let classes: [String]
  }

  /// Xiao, Rasul, Vollgraf 2017 (arXiv 1708.07747), MIT licence.
  public static let fashionMNIST = KnownDataset(
    name: "fashion-mnist", path: "/usr/share/datasets/fashion-mnist",
    package: "dataset-fashion-mnist",
    classes: [
      "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ])

  /// Everything that can be asked for by name.
  public static let known = [fashionMNIST]

  /// Loads a data set by well-known name or from a path, whose format is told by its content.
  /// Throws `notADataset` with what to do, or what the reader of the format finds wrong.
  public static func load(
    _ nameOrPath: String, format: DatasetFormat? = nil, classes: ClassNames = .found
  ) throws(DatasetError) -> ImageDataset {
    if let entry = known.first(where: { $0.name == nameOrPath }) {
      guard IDXFolder.matches(entry.path) else {
        throw .notADataset(
          path: entry.path,
          reason: "install the Debian package '\(entry.package)' (deploy/setup.sh does)")
      }
      return try load(path: entry.path, name: entry.name, format: format, classes: classes)
    }
    return try load(path: nameOrPath, name: nameOrPath, format: format, classes: classes)
  }

  /// What to do with an archive, and with a folder of class folders, which has no splits.
  private static func hint(_ path: String) -> String {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    if !FolderListing.isFolder(path), let format = DatasetFormat.found(at: folder), format != .npz {
      return "; name the folder of it: '\(folder)'"
    }
    let name = path.lowercased()
    if [".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".rar", ".7z"].contains(
      where: { name.hasSuffix($0) })
    {
      return "; an archive has to be unpacked"
    }
    guard let folders = try? FolderListing(path).folders, folders.count > 1 else { return "" }
    return
      "; if its folders are classes, move most pictures of each to train/CLASS and the others to "
      + "test/CLASS"
  }

  /// Loads a data set from a path under a name of the caller's. Throws as above.
  public static func load(
    path: String, name: String, format: DatasetFormat? = nil, classes: ClassNames = .found
  ) throws(DatasetError) -> ImageDataset {
    guard FileManager.default.fileExists(atPath: path) else {
      let names = known.map { "'\($0.name)'" }.joined(separator: ", ")
      throw .notADataset(path: path, reason: "no such folder or file; known names are \(names)")
    }
    guard let format = format ?? DatasetFormat.found(at: path) else {
      throw .notADataset(
        path: path,
        reason: "it is not a folder of IDX files, of CIFAR's binary files, or of pictures as "
          + "train/CLASS/FILE and test/CLASS/FILE, nor a file of numpy.savez"
          + hint(path))
    }
    switch format {
    case .idx:
      var names = classes
      if classes == .found, let entry = known.first(where: { $0.path == path }) {
        names = .given(entry.classes)
      }
      return try IDXFolder.read(path: path, name: name, classes: names)
    case .cifar: return try CIFARFolder.read(path: path, name: name, classes: classes)
    case .folder, .nestedFolder:
      return try ImageFolder.read(
        path: path, name: name, classes: classes, nested: format == .nestedFolder)
    case .npz, .npzNCHW, .npzUnit, .npzNCHWUnit:
      return try NPZFile.read(
        path: path, name: name, classes: classes,
        images: NPZFile.ImageLayout(
          channelsFirst: format == .npzNCHW || format == .npzNCHWUnit,
          unit: format == .npzUnit || format == .npzNCHWUnit))
    }
  }
}
