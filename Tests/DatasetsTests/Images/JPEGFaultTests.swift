import Datasets
import Foundation
import Randomness
import TestSupport
import Testing

/// Faults of JPEG files: those that leave the picture whole are passed over, all others are refused.
@Suite struct JPEGFaultTests {
  private static let side = 48

  /// Busy enough that the coded data holds most byte values.
  private static let jpeg: [UInt8] = {
    var generator = SeededGenerator(seed: 1, stream: "busy picture")
    let pixels = (0..<side * side * 3).map { _ in UInt8(generator.nextIndex(below: 256)) }
    return (try? Pictures.jpeg(width: side, height: side, channels: 3, pixels: pixels)) ?? []
  }()

  private func decode(_ bytes: [UInt8]) throws(DatasetError) -> RasterImage {
    try ImageDecoder.decode(bytes, name: "picture")
  }

  /// Where a marker's segment begins; the first of its kind.
  private func place(of marker: UInt8, in bytes: [UInt8]) throws -> Int {
    try #require(bytes.indices.dropLast().first { bytes[$0] == 0xff && bytes[$0 + 1] == marker })
  }

  @Test func wholePicturesWithHarmlessFaultsAreRead() throws {
    let wanted = try decode(Self.jpeg)
    let scan = try place(of: 0xda, in: Self.jpeg)
    let tables = try place(of: 0xdb, in: Self.jpeg)
    // As phones of Samsung's write it: the last coefficient and the approximation are wrong.
    var parameters = Self.jpeg
    let end = scan + 2 + Int(Self.jpeg[scan + 3])
    parameters.replaceSubrange(end - 3..<end, with: [0, 0, 0])
    // As webcams: bytes between segments, and zeros before the end.
    var between = Self.jpeg
    between.insert(contentsOf: [0x12, 0x34], at: tables)
    var filled = Self.jpeg
    filled.insert(contentsOf: [UInt8](repeating: 0, count: 64), at: filled.count - 2)
    // An odd revision of JFIF, and data after the end.
    var revision = Self.jpeg
    let jfif = try place(of: 0xe0, in: Self.jpeg)
    revision[jfif + 9] = 9
    let trailing = Self.jpeg + Array("a film of the moment".utf8)
    for (name, bytes) in [
      ("scan parameters", parameters), ("bytes before tables", between), ("zeros", filled),
      ("revision", revision), ("trailer", trailing),
    ] {
      let found = try? decode(bytes)
      #expect(found?.pixels == wanted.pixels, "\(name)")
    }
  }

  /// Coded data that is left over where the picture ends: not all of it was understood.
  @Test func whatIsLeftOverIsRefused() throws {
    var left = Self.jpeg
    // More than the decoder reads ahead.
    left.insert(contentsOf: (1...64).map { UInt8($0) }, at: left.count - 2)
    let error = #expect(throws: DatasetError.self) { try decode(left) }
    #expect(error?.description.contains("extraneous") == true)
  }

  /// A picture of which a part is made up must not be classified.
  @Test func truncatedAndBrokenDataIsRefused() throws {
    let scan = try place(of: 0xda, in: Self.jpeg)
    for share in [0.3, 0.6, 0.9, 0.99] {
      let length = scan + 14 + Int(Double(Self.jpeg.count - scan - 14) * share)
      #expect(throws: DatasetError.self) { try decode(Array(Self.jpeg.prefix(length))) }
      // The rest of the data is gone, the end is there.
      let closed = Array(Self.jpeg.prefix(length)) + [0xff, 0xd9]
      #expect(throws: DatasetError.self) { try decode(closed) }
      // A marker that has no business there.
      var broken = Self.jpeg
      broken.replaceSubrange(length - 4..<length - 2, with: [0xff, 0xd3])
      #expect(throws: DatasetError.self) { try decode(broken) }
    }
  }

  /// Harmless faults do not hide others: libjpeg tells of the first alone unless it is listened to.
  @Test func aHarmlessFaultHidesNoOther() throws {
    var both = Self.jpeg
    both.insert(contentsOf: [0x12, 0x34], at: try place(of: 0xdb, in: both))
    #expect(throws: DatasetError.self) { try decode(Array(both.prefix(both.count * 2 / 3))) }
  }

  /// Inks, stored the other way round as Adobe's programs do.
  @Test func inksBecomeLight() throws {
    for (inks, wanted) in [
      ([255, 255, 255, 255], [255, 255, 255]), ([0, 255, 255, 255], [0, 255, 255]),
      ([255, 255, 255, 0], [0, 0, 0]), ([255, 128, 64, 128], [128, 64, 32]),
    ] as [([UInt8], [Int])] {
      let pixels = (0..<16 * 16).flatMap { _ in inks }
      let jpeg = try Pictures.jpeg(width: 16, height: 16, channels: 4, pixels: pixels)
      let image = try decode(jpeg)
      #expect(image.channels == 3 && image.width == 16)
      for channel in 0..<3 {
        #expect(abs(Int(image.pixels[channel]) - wanted[channel]) <= 3, "\(inks)")
      }
    }
  }
}
