import Foundation
import Randomness

/// Pictures that a small network learns in a second: 8x8 grey pixels, each of five classes a bright
/// square in another corner, the last in the middle, in noise.
package enum CornerSquares {
  /// Pixels of one side.
  package static let side = 8
  private static let corners = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]

  /// One picture, row by row.
  package static func image(label: Int, using generator: inout SeededGenerator) -> [UInt8] {
    let (top, left) = corners[label]
    return (0..<side * side).map { position in
      let (y, x) = (position / side, position % side)
      let inside = (top..<top + 4).contains(y) && (left..<left + 4).contains(x)
      return UInt8((inside ? 90 : 0) + generator.nextIndex(below: 120))
    }
  }

  /// `each` pictures of the first classes; labels go round.
  package static func images(classes: Int = 5, each: Int, seed: UInt64) -> (
    pixels: [UInt8], labels: [Int]
  ) {
    var generator = SeededGenerator(seed: seed)
    let labels = (0..<classes * each).map { $0 % classes }
    return (labels.flatMap { image(label: $0, using: &generator) }, labels)
  }

  /// The four IDX files, 60 training and 20 test pictures a class, and the class names.
  package static func writeIDX(to folder: String, classes: [String], seed: UInt64 = 1) throws {
    func write(_ bytes: [UInt8], _ name: String) throws {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    for (prefix, each, seed) in [("train", 60, seed), ("t10k", 20, seed + 1)] {
      let (pixels, labels) = images(classes: classes.count, each: each, seed: seed)
      let count = UInt32(labels.count)
      try write(
        IDX.bytes([count, UInt32(side), UInt32(side)], pixels), "\(prefix)-images-idx3-ubyte")
      try write(IDX.bytes([count], labels.map { UInt8($0) }), "\(prefix)-labels-idx1-ubyte")
    }
    try write(Array(classes.map { "\($0)\n" }.joined().utf8), "labels.txt")
  }

  /// The same as PNGs, `train/CLASS/NUMBER.png` and `test/CLASS/NUMBER.png`, the latter split under
  /// another name if told.
  package static func writePictures(
    to folder: String, classes: [String], test: String = "test"
  ) throws {
    for (split, each, seed) in [("train", 60, UInt64(1)), (test, 20, 2)] {
      let (pixels, labels) = images(classes: classes.count, each: each, seed: seed)
      let area = side * side
      for (index, label) in labels.enumerated() {
        let path = "\(folder)/\(split)/\(classes[label])"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let picture = png(Array(pixels[index * area..<(index + 1) * area]))
        try Data(picture).write(to: URL(fileURLWithPath: "\(path)/\(index).png"))
      }
    }
  }

  /// One picture as a PNG.
  package static func png(_ pixels: [UInt8]) -> [UInt8] {
    Pictures.png(width: side, height: side, channels: 1, pixels: pixels)
  }
}
