import CImage
import Foundation
import Randomness
import Testing

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

  /// A square PNG of 8-bit channels, grey unless told.
  static func png(
    _ pixels: [UInt8], side: UInt32 = 8, color: spng_color_type = SPNG_COLOR_TYPE_GRAYSCALE
  ) throws -> [UInt8] {
    let context = try #require(spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)))
    defer { spng_ctx_free(context) }
    spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1)
    var header = spng_ihdr()
    header.width = side
    header.height = side
    header.bit_depth = 8
    header.color_type = UInt8(color.rawValue)
    try #require(spng_set_ihdr(context, &header) == 0)
    try #require(
      spng_encode_image(
        context, pixels, pixels.count, Int32(SPNG_FMT_PNG.rawValue),
        Int32(SPNG_ENCODE_FINALIZE.rawValue)) == 0)
    var size = 0
    var code: Int32 = 0
    let buffer = try #require(spng_get_png_buffer(context, &size, &code))
    defer { free(buffer) }
    return Array(UnsafeRawBufferPointer(start: buffer, count: size))
  }

  private static func idx(_ dimensions: [Int]) -> [UInt8] {
    [0, 0, 8, UInt8(dimensions.count)]
      + dimensions.flatMap {
        [UInt8($0 >> 24 & 255), UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)]
      }
  }
}
