/// Why a data set or an image cannot be used.
public enum DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The path does not exist or holds none of the known formats.
  case notADataset(path: String, reason: String)
  /// A file cannot be opened or read to its end.
  case unreadable(file: String, reason: String)
  /// A file's content contradicts its format.
  case malformed(file: String, reason: String)
  /// A class is asked for that the data set does not have.
  case unknownClass(String, dataset: String, suggestions: [String])
  /// A split does not contain an image of a class.
  case emptyClass(String, split: String)
  /// A class has a folder in one split and none in another.
  case missingClass(String, folder: String)
  /// A split holds no image at all.
  case emptySplit(folder: String)
  /// There is no image of a split to measure an accuracy on.
  case nothingToMeasure(name: String, split: Split)
  /// An image cannot be decoded.
  case undecodableImage(file: String, reason: String)
  /// An image is larger than may be decoded.
  case tooManyPixels(file: String, width: Int, height: Int, most: Int)
  /// A progressive picture passes over its pixels more often than may be.
  case tooManyScans(file: String, scans: Int, most: Int)

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .notADataset: "not_a_dataset"
    case .unreadable: "unreadable_file"
    case .malformed: "malformed_dataset"
    case .unknownClass: "unknown_class"
    case .emptyClass: "empty_class"
    case .missingClass: "missing_class"
    case .emptySplit: "empty_split"
    case .nothingToMeasure: "nothing_to_measure"
    case .undecodableImage: "undecodable_image"
    case .tooManyPixels: "image_too_large"
    case .tooManyScans: "image_too_many_scans"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .notADataset(let path, let reason): "there is no data set at '\(path)': \(reason)"
    case .unreadable(let file, let reason): "cannot read '\(file)': \(reason)"
    case .malformed(let file, let reason): "'\(file)' is malformed: \(reason)"
    case .unknownClass(let name, let dataset, let suggestions):
      "the data set '\(dataset)' has no class '\(name)'"
        + (suggestions.isEmpty
          ? "" : "; did you mean \(suggestions.map { "'\($0)'" }.joined(separator: " or "))?")
    case .emptyClass(let name, let split):
      "the \(split) split does not contain an image of '\(name)'"
    case .missingClass(let name, let folder):
      "the class '\(name)' has no folder in '\(folder)'; every split needs every class"
    case .emptySplit(let folder):
      "the split '\(folder)' does not contain a picture in class folders"
    case .nothingToMeasure(let name, let split):
      "the \(split.rawValue) split of '\(name)' does not contain an image of these classes that can be decoded, so "
        + "that there is no accuracy"
        + (split == .validation
          ? "; a tenth of the training images is set apart from five images a class on" : "")
    case .undecodableImage(let file, let reason): "cannot decode the image '\(file)': \(reason)"
    case .tooManyPixels(let file, let width, let height, let most):
      "the image '\(file)' has \(width)x\(height) pixels; send one of at most \(most)"
    case .tooManyScans(let file, let scans, let most):
      "the image '\(file)' has \(scans) progressive scans; one of its size may have \(most)"
    }
  }

  /// Whether it is about the files of the whole set, which were sound when it was registered; not about one
  /// image, or about what is asked of the set.
  public var isOfFiles: Bool {
    switch self {
    case .notADataset, .unreadable, .malformed, .missingClass, .emptySplit: true
    case .unknownClass, .emptyClass, .nothingToMeasure, .undecodableImage, .tooManyPixels,
      .tooManyScans:
      false
    }
  }

  /// The same with the last part of a path alone, as users of a server may see it: how its disk is
  /// laid out is the operator's business.
  public var withoutFolders: DatasetError {
    func last(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
    return switch self {
    case .notADataset(let path, let reason): .notADataset(path: last(path), reason: reason)
    case .unreadable(let file, let reason): .unreadable(file: last(file), reason: reason)
    case .malformed(let file, let reason): .malformed(file: last(file), reason: reason)
    case .missingClass(let name, let folder): .missingClass(name, folder: last(folder))
    case .emptySplit(let folder): .emptySplit(folder: last(folder))
    case .undecodableImage(let file, let reason):
      .undecodableImage(file: last(file), reason: reason)
    case .tooManyPixels(let file, let width, let height, let most):
      .tooManyPixels(file: last(file), width: width, height: height, most: most)
    case .tooManyScans(let file, let scans, let most):
      .tooManyScans(file: last(file), scans: scans, most: most)
    case .unknownClass, .emptyClass, .nothingToMeasure: self
    }
  }
}
