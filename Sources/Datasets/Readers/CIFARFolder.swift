import Foundation

/// The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky 2009,
/// www.cs.toronto.edu/~kriz/cifar.html): records of one label byte (CIFAR-100: a coarse one, which
/// is ignored, and a fine one) and 3072 pixels, 32x32, plane by plane. Files may be gzip-compressed
/// under their own name, and lie in the folder that the archive makes, too.
enum CIFARFolder {
  private static let shape = ImageShape(channels: 3, height: 32, width: 32)
  /// Either version's files.
  private struct Version {
    let training: [String]
    let test: String
    let names: String
    let labelBytes: Int
  }

  private static let ten = Version(
    training: (1...5).map { "data_batch_\($0).bin" }, test: "test_batch.bin",
    names: "batches.meta.txt", labelBytes: 1)
  /// The folders that the two archives make.
  private static let archives = ["cifar-10-batches-bin", "cifar-100-binary"]
  /// Those of the Python versions, which are pickles: they run code when they are read.
  private static let pickles = ["cifar-10-batches-py", "cifar-100-python"]

  private static let hundred = Version(
    training: ["train.bin"], test: "test.bin", names: "fine_label_names.txt", labelBytes: 2)

  /// Whether the folder looks like this format.
  static func matches(_ path: String) -> Bool {
    version(path) != nil || archive(path) != nil || isPickled(path)
  }

  private static func archive(_ path: String) -> String? {
    archives.map { "\(path)/\($0)" }.first { version($0) != nil }
  }

  private static func isPickled(_ path: String) -> Bool {
    let unpacked = ["\(path)/data_batch_1", "\(path)/train"].contains {
      let isMeta = ["batches.meta", "meta"].contains {
        FileManager.default.fileExists(atPath: "\(path)/\($0)")
      }
      var isFolder: ObjCBool = false
      return isMeta && FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder)
        && !isFolder.boolValue
    }
    return unpacked
      || pickles.contains { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
  }

  static func read(path: String, name: String, classes names: ClassNames) throws(DatasetError)
    -> ImageDataset
  {
    let path = version(path) == nil ? archive(path) ?? path : path
    guard let version = version(path) else {
      throw .notADataset(
        path: path,
        reason: isPickled(path)
          ? "it holds CIFAR's Python version, pickles, which run code when they are read; unpack the "
            + "binary version, cifar-10-binary.tar.gz or cifar-100-binary.tar.gz, in its place"
          : "it does not contain any of CIFAR's binary files")
    }
    let classes: [String] =
      switch names {
      case .given(let given): given
      case .file(let file): try LabelsFile.names(file)
      case .found: try LabelsFile.names(try required(version.names, in: path))
      }
    return try ImageDataset(
      name: name, classes: classes,
      training: try images(version.training, version, in: path, classes: classes.count),
      test: try images([version.test], version, in: path, classes: classes.count))
  }

  private static func version(_ path: String) -> Version? {
    [ten, hundred].first { version in
      (version.training.prefix(1) + [version.test]).allSatisfy {
        FileManager.default.fileExists(atPath: "\(path)/\($0)")
      }
    }
  }

  private static func required(_ file: String, in path: String) throws(DatasetError) -> String {
    guard FileManager.default.fileExists(atPath: "\(path)/\(file)") else {
      throw .notADataset(path: path, reason: "'\(file)' is missing")
    }
    return "\(path)/\(file)"
  }

  private static func images(
    _ files: [String], _ version: Version, in path: String, classes: Int
  ) throws(DatasetError) -> LabelledImages {
    var pixels: [UInt8] = []
    var labels: [Int] = []
    let record = version.labelBytes + shape.count
    for name in files {
      let file = try required(name, in: path)
      let bytes = try GzipFile.read(file, limit: IDXFile.sizeLimit)
      guard !bytes.isEmpty, bytes.count % record == 0 else {
        throw .malformed(
          file: file,
          reason: "\(bytes.count) bytes are not a whole number of records of \(record) bytes")
      }
      for start in stride(from: 0, to: bytes.count, by: record) {
        let label = Int(bytes[start + version.labelBytes - 1])
        guard label < classes else {
          throw .malformed(
            file: file,
            reason: "image \(start / record) has label \(label); there are \(classes) classes")
        }
        labels.append(label)
        pixels.append(contentsOf: bytes[start + version.labelBytes..<start + record])
      }
    }
    return try LabelledImages(
      channels: shape.channels, height: shape.height, width: shape.width, pixels: pixels,
      labels: labels, source: path)
  }
}
