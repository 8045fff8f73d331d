import Digests
import Foundation

/// Pictures as `split/class/file`, where a file's name ends as one of `ClassFolders.endings`; other
/// files are left out and counted, and so are deeper folders unless they are asked for.
///
/// With two splits only (see `PictureSplits`), as ImageNet's public part has it, the second is the
/// **test** split and validation is a fixed tenth of the training images, as for every other format.
/// Labels follow the sorted names of the class folders; a labels file (see `LabelsFile`) may name
/// them otherwise.
enum ImageFolder {
  /// Whether the folder looks like this format: it has a training split, be it twice, of which
  /// reading says what to do.
  static func matches(_ path: String) -> Bool {
    do { return try PictureSplits(path) != nil } catch {
      if case .notADataset = error { return true }
      return false
    }
  }

  /// Reads the names of all files; `nested` also takes pictures from folders within class folders.
  static func read(path: String, name: String, classes names: ClassNames, nested: Bool)
    throws(DatasetError) -> ImageDataset
  {
    let splits = try PictureSplits(path)
    guard let splits, let training = splits.roots[.training],
      let test = splits.roots[.test] ?? splits.roots[.validation]
    else {
      throw .notADataset(
        path: path, reason: "it needs the folder 'train' and one of 'val' and 'test'")
    }
    let validation = splits.roots[.test] == nil ? nil : splits.roots[.validation]

    var found: [ClassFolders] = []
    for root in [training, validation, test].compactMap({ $0 }) {
      let folders = try ClassFolders(root)
      guard !folders.folders.isEmpty else { throw .emptySplit(folder: root) }
      found.append(folders)
    }
    let folders = found.reduce(Set()) { $0.union($1.folders.keys) }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for split in found {
      for folder in folders where split.folders[folder] == nil {
        throw .missingClass(folder, folder: split.root)
      }
    }
    let classes = try classes(names, folders: folders, in: path)
    var leftOut = LeftOutFiles()
    leftOut.add(.otherFolder, splits.others)
    var hasher = SHA256()
    var files: [ImageFiles] = []
    for split in found {
      files.append(try list(split, folders, nested: nested, into: &hasher, leftOut: &leftOut))
    }
    return try ImageDataset(
      name: name, classes: classes, training: files[0],
      validation: files.count == 3 ? files[1] : nil, test: files[files.count - 1],
      fingerprint: hasher.finalize(), leftOut: leftOut)
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
    case .file(let file): return try LabelsFile.names(file, folders: folders.map(composed))
    case .found:
      guard let file = LabelsFile.find(in: path) else { return folders.map(composed) }
      return try LabelsFile.names(file, folders: folders.map(composed))
    }
  }

  /// A folder's name as people type it.
  private static func composed(_ folder: String) -> String {
    folder.precomposedStringWithCanonicalMapping
  }

  private static func list(
    _ split: ClassFolders, _ classes: [String], nested: Bool, into hasher: inout SHA256,
    leftOut: inout LeftOutFiles
  ) throws(DatasetError) -> ImageFiles {
    var split = split
    let name = URL(fileURLWithPath: split.root).lastPathComponent
    var files = ImageFiles(root: split.root, folders: classes.map { split.folders[$0] ?? $0 })
    for (label, folder) in files.folders.enumerated() {
      let pictures = try split.pictures(ofClass: folder, nested: nested)
      guard !pictures.isEmpty else { throw .emptyClass(folder, split: name) }
      for picture in pictures {
        files.append(picture.path, label: label)
        let modified = "\(picture.entry.modified.seconds).\(picture.entry.modified.nanoseconds)"
        let line = "\(name)/\(folder)/\(picture.path)\u{0}\(picture.entry.size) \(modified)\n"
        hasher.update(Array(line.utf8))
      }
    }
    leftOut.add(split.leftOut)
    return files
  }
}
