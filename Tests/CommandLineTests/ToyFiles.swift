import Foundation
import Randomness
import TestSupport

/// A data set of IDX files that a network learns in a second: 8x8 images, each class a bright square
/// in another corner, in noise.
enum ToyFiles {
  static let classes = ["top left", "top right", "bottom left", "bottom right", "middle"]
  private static let corners = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]

  static func write(to folder: TemporaryFolder) throws {
    try folder.write(Array(classes.joined(separator: "\n").utf8), to: "labels.txt")
    for (prefix, each, seed) in [("train", 60, UInt64(1)), ("t10k", 20, 2)] {
      var generator = SeededGenerator(seed: seed)
      let labels = (0..<each * classes.count).map { $0 % classes.count }
      let pixels = labels.flatMap { image(label: $0, &generator) }
      try folder.write(
        idx([labels.count, 8, 8]) + pixels, to: "\(prefix)-images-idx3-ubyte")
      try folder.write(
        idx([labels.count]) + labels.map { UInt8($0) }, to: "\(prefix)-labels-idx1-ubyte")
    }
  }

  /// The same as PNG pictures in folders; one in each split is none.
  static func writePictures(to folder: TemporaryFolder) throws {
    for (split, each, seed) in [("train", 60, UInt64(1)), ("test", 20, 2)] {
      var generator = SeededGenerator(seed: seed)
      for (label, name) in classes.enumerated() {
        let path = folder.path("\(split)/\(name)")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for index in 0..<each {
          try folder.write(
            png(image(label: label, &generator)), to: "\(split)/\(name)/\(index).png")
        }
      }
      try folder.write(Array("none".utf8), to: "\(split)/middle/none.png")
    }
  }

  static func image(label: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    let (top, left) = corners[label]
    return (0..<64).map { position in
      let inside =
        (top..<top + 4).contains(position / 8) && (left..<left + 4).contains(position % 8)
      return UInt8((inside ? 90 : 0) + generator.nextIndex(below: 120))
    }
  }

  /// One of the images as a PNG.
  static func png(_ pixels: [UInt8]) -> [UInt8] {
    Pictures.png(width: 8, height: 8, channels: 1, pixels: pixels)
  }

  private static func idx(_ dimensions: [Int]) -> [UInt8] {
    [0, 0, 8, UInt8(dimensions.count)]
      + dimensions.flatMap {
        [UInt8($0 >> 24 & 255), UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)]
      }
  }
}
