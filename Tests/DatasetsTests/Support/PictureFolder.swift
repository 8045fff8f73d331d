import Datasets
import Foundation
import TestSupport

/// A data set as `split/class/file` in a folder that goes when the value does.
struct PictureFolder {
  let folder: TemporaryFolder
  var path: String { folder.path }

  /// An empty folder.
  init() throws { folder = try TemporaryFolder() }

  /// `counts` pictures of each class in each split, all different and of different sizes.
  init(
    splits: [String: Int], classes: [String], jpeg: Bool = false,
    size: (Int) -> (Int, Int) = { (9 + $0 % 5, 8 + $0 % 7) }
  ) throws {
    try self.init()
    var number = 0
    for (split, count) in splits.sorted(by: { $0.key < $1.key }) {
      for name in classes {
        for index in 0..<count {
          number += 1
          let (width, height) = size(number)
          let bytes = try Self.picture(number, width: width, height: height, jpeg: jpeg)
          try add("\(split)/\(name)/\(index + 100).\(jpeg ? "jpg" : "png")", bytes)
        }
      }
    }
  }

  /// Writes a file and the folders above it.
  func add(_ file: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: folder.file(file))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func remove(_ file: String) throws { try folder.remove(file) }

  func load(classes: ClassNames = .found) throws -> ImageDataset {
    try DatasetCatalog.load(path: path, name: "pictures", classes: classes)
  }

  static func picture(_ number: Int, width: Int, height: Int, jpeg: Bool = false) throws -> [UInt8]
  {
    let pixels = (0..<width * height * 3).map {
      UInt8(truncatingIfNeeded: number &* 37 &+ ($0 / 3) &* 5 &+ ($0 % 3) &* 90)
    }
    return jpeg
      ? try Pictures.jpeg(width: width, height: height, channels: 3, pixels: pixels)
      : Pictures.png(width: width, height: height, channels: 3, pixels: pixels)
  }

  /// What begins like a PNG and is none.
  static let corrupt = Pictures.signature + [1, 2, 3]
}
