import Foundation

/// Where the splits of a folder of pictures are: the layouts in which such sets are handed round.
///
/// Splits are called `train`, `val` and `test`, or otherwise by `names`. Archives often hold one
/// folder more (`archive/chest_xray/train`), or one twice (`seg_train/seg_train`): a folder without
/// splits that holds a single folder stands for it, as a split does whose single folder has its own
/// name.
struct PictureSplits {
  /// The folder of each split.
  private(set) var roots: [Split: String] = [:]
  /// Folders beside the splits.
  private(set) var others = 0

  private static let names: [(split: Split, names: Set<String>)] = [
    (.training, ["train", "training", "training_set", "train_set", "seg_train"]),
    (.validation, ["val", "valid", "validation", "validation_set", "val_set"]),
    (.test, ["test", "testing", "test_set", "seg_test"]),
  ]

  /// How many folders one in another may stand for the splits' own.
  private static let mostWrappers = 3

  static func split(named folder: String) -> Split? {
    names.first { $0.names.contains(folder.lowercased()) }?.split
  }

  /// The splits of a data set; nil where there is no training split. Throws where a split is there
  /// twice, and where a folder cannot be read.
  init?(_ path: String) throws(DatasetError) {
    var folder = path
    for _ in 0..<Self.mostWrappers {
      let folders = try FolderListing(folder).folders
      if folders.contains(where: { Self.split(named: $0) == .training }) {
        try take(folders, in: folder)
        return
      }
      guard folders.count == 1 else { return nil }
      folder += "/\(folders[0])"
    }
    return nil
  }

  private mutating func take(_ folders: [String], in path: String) throws(DatasetError) {
    var names: [Split: String] = [:]
    for folder in folders {
      guard let split = Self.split(named: folder) else {
        others += 1
        continue
      }
      if let other = names[split] {
        throw .notADataset(
          path: path, reason: "'\(other)' and '\(folder)' both are the \(split.rawValue) split")
      }
      names[split] = folder
      let within = try FolderListing("\(path)/\(folder)").folders
      let isTwice = within.count == 1 && within[0].lowercased() == folder.lowercased()
      roots[split] = isTwice ? "\(path)/\(folder)/\(within[0])" : "\(path)/\(folder)"
    }
  }

}
