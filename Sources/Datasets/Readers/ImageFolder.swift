import Digests
import Foundation

/// Pictures as `split/class/file`, where a file ends in png, jpg or jpeg (in any case); other files
/// and deeper folders are ignored.
///
/// Splits are `train` or `training`, `val`, `valid` or `validation`, and `test`. With only two of
/// them, as ImageNet's public part has it, the second is the **test** split and validation is a
/// fixed tenth of the training images, as for every other format. Labels follow the sorted names of
/// the class folders; a labels file (see `LabelsFile`) may name them otherwise.
enum ImageFolder {
  private static let splits: [(split: Split, names: Set<String>)] = [
    (.training, ["train", "training"]), (.validation, ["val", "valid", "validation"]),
    (.test, ["test"]),
  ]

  /// Whether the folder looks like this format: it has a training split.
  static func matches(_ path: String) -> Bool {
    guard let listing = try? FolderListing(path) else { return false }
    return listing.folders.contains { split(named: $0) == .training }
  }

  static func read(path: String, name: String, classes names: ClassNames) throws(DatasetError)
    -> ImageDataset
  {
    var roots: [Split: String] = [:]
    for folder in try FolderListing(path).folders {
      guard let split = split(named: folder) else { continue }
      if let other = roots[split] {
        throw .notADataset(
          path: path, reason: "'\(other)' and '\(folder)' both are the \(split.rawValue) split")
      }
      roots[split] = folder
    }
    guard let training = roots[.training], let test = roots[.test] ?? roots[.validation] else {
      throw .notADataset(
        path: path, reason: "it needs the folder 'train' and one of 'val' and 'test'")
    }
    let validation = roots[.test] == nil ? nil : roots[.validation]

    let used = [training, validation, test].compactMap { $0 }
    var found: [String: Set<String>] = [:]
    for root in used {
      let folders = try FolderListing("\(path)/\(root)").folders
      guard !folders.isEmpty else { throw .emptySplit(folder: "\(path)/\(root)") }
      found[root] = Set(folders)
    }
    let folders = found.values.reduce(Set()) { $0.union($1) }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for root in used {
      for folder in folders where found[root]?.contains(folder) != true {
        throw .missingClass(folder, folder: "\(path)/\(root)")
      }
    }
    let classes = try classes(names, folders: folders, in: path)
    var hasher = SHA256()
    func files(_ root: String) throws(DatasetError) -> ImageFiles {
      try list("\(path)/\(root)", root: root, folders: folders, into: &hasher)
    }
    let trainingFiles = try files(training)
    let validationFiles: ImageFiles? = if let validation { try files(validation) } else { nil }
    let testFiles = try files(test)
    return try ImageDataset(
      name: name, classes: classes, training: trainingFiles, validation: validationFiles,
      test: testFiles, fingerprint: hasher.finalize())
  }

  private static func split(named folder: String) -> Split? {
    splits.first { $0.names.contains(folder.lowercased()) }?.split
  }

  private static func classes(_ names: ClassNames, folders: [String], in path: String)
    throws(DatasetError) -> [String]
  {
    switch names {
    case .given(let given):
      guard given.count == folders.count else {
        throw .malformed(
          file: path, reason: "it has \(folders.count) class folders for \(given.count) names")
      }
      return given
    case .file(let file): return try LabelsFile.names(file, folders: folders)
    case .found:
      guard let file = LabelsFile.find(in: path) else { return folders }
      return try LabelsFile.names(file, folders: folders)
    }
  }

  private static func list(
    _ path: String, root: String, folders: [String], into hasher: inout SHA256
  ) throws(DatasetError) -> ImageFiles {
    var files = ImageFiles(root: path, folders: folders)
    for (label, folder) in folders.enumerated() {
      var isEmpty = true
      for entry in try FolderListing("\(path)/\(folder)").entries
      where !entry.isFolder && isPicture(entry.name) {
        isEmpty = false
        files.append(entry.name, label: label)
        let modified = "\(entry.modified.seconds).\(entry.modified.nanoseconds)"
        let line = "\(root)/\(folder)/\(entry.name)\u{0}\(entry.size) \(modified)\n"
        hasher.update(Array(line.utf8))
      }
      guard !isEmpty else { throw .emptyClass(folder, split: root) }
    }
    return files
  }

  private static func isPicture(_ name: String) -> Bool {
    let lowered = name.lowercased()
    return [".png", ".jpg", ".jpeg"].contains { lowered.hasSuffix($0) }
  }
}
