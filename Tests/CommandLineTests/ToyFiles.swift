import TestSupport

/// Data sets of bright squares that a network learns in a second.
enum ToyFiles {
  static let classes = ["top left", "top right", "bottom left", "bottom right", "middle"]

  static func write(to folder: TemporaryFolder) throws {
    try CornerSquares.writeIDX(to: folder.path, classes: classes)
  }

  /// The same as PNG pictures in folders; one more in each split is none.
  static func writePictures(to folder: TemporaryFolder) throws {
    try CornerSquares.writePictures(to: folder.path, classes: classes)
    for split in ["train", "test"] {
      try folder.write(Array("none".utf8), to: "\(split)/middle/none.png")
    }
  }
}
