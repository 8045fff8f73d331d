import Datasets
import Foundation
import Randomness
import TestSupport
import Testing

/// The kinds of pictures beside PNG and JPEG, against what Pillow reads (Goldens/make_picture_goldens.py).
@Suite struct PictureKindTests {
  private func decode(_ bytes: [UInt8]) throws(DatasetError) -> RasterImage {
    try ImageDecoder.decode(bytes, name: "picture")
  }

  private func refusal(_ bytes: [UInt8]) -> String {
    let error = #expect(throws: DatasetError.self) { try decode(bytes) }
    return error?.description ?? ""
  }

  static let lossless = [
    "lossless.webp", "alpha.webp", "24.bmp", "8.bmp", "1.bmp", "32.bmp", "top-down.bmp",
    "plain.gif", "interlaced.gif", "two-frames.gif",
  ]

  @Test(arguments: lossless) func picturesAreReadAsPillowDoes(_ name: String) throws {
    let image = try decode(try PictureGoldens.bytes(name))
    #expect(image.width == 13 && image.height == 9)
    let wanted = try #require(PictureGoldens.pixels[name])
    let expanded =
      image.channels == 3 ? image.pixels : image.pixels.flatMap { [$0, $0, $0] }
    #expect(expanded == wanted)
  }

  /// Decoders of the same lossy data may round otherwise.
  @Test func lossyWebP() throws {
    let image = try decode(try PictureGoldens.bytes("lossy.webp"))
    let wanted = try #require(PictureGoldens.pixels["lossy.webp"])
    #expect(image.pixels.count == wanted.count)
    #expect(zip(image.pixels, wanted).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
  }

  /// So many different codes that the table fills up and is cleared.
  @Test func longGIFs() throws {
    let image = try decode(try PictureGoldens.bytes("noise.gif"))
    #expect(image.pixels.count == 3 * 8100)
    let isWanted = (0..<8100).allSatisfy { (index: Int) -> Bool in
      let value: Int = index * index * 31 + index / 7
      return image.pixels[3 * index] == UInt8(value % 256)
    }
    #expect(isWanted)
  }

  @Test func whatIsNotReadIsNamed() throws {
    #expect(refusal(try PictureGoldens.bytes("animated.webp")).contains("animated WebP"))
    #expect(refusal(try PictureGoldens.bytes("tiff.tiff")).contains("TIFF picture"))
    func box(_ brand: String) -> [UInt8] { [0, 0, 0, 24] + Array("ftyp\(brand)".utf8) }
    #expect(refusal(box("heic")).contains("HEIC picture"))
    #expect(refusal(box("avif")).contains("AVIF picture"))
    #expect(refusal(box("isom")).contains("a film"))
    #expect(refusal(Array("%PDF-1.7".utf8)).contains("PDF"))
    var compressed = try PictureGoldens.bytes("8.bmp")
    compressed[30] = 1
    #expect(refusal(compressed).contains("compression 1"))
  }

  @Test(arguments: lossless + ["lossy.webp"]) func truncatedPicturesAreRefused(_ name: String)
    throws
  {
    let bytes = try PictureGoldens.bytes(name)
    // After a GIF's frame nothing more is needed, and an even WebP may lack its filling.
    var needed = bytes.count - 1
    if name.hasSuffix(".gif") { needed = name.hasPrefix("two") ? bytes.count / 3 : bytes.count - 4 }
    for length in 0..<needed {
      #expect(throws: DatasetError.self, "\(length) of \(bytes.count)") {
        try decode(Array(bytes.prefix(length)))
      }
    }
  }

  /// Bytes of a header that ask for gigabytes, and any others: a picture or an error, never a trap.
  @Test(arguments: lossless + ["lossy.webp", "animated.webp"]) func mutatedPicturesNeverTrap(
    _ name: String
  ) throws {
    var generator = SeededGenerator(seed: 1, stream: "mutation of \(name)")
    let original = try PictureGoldens.bytes(name)
    var refused = 0
    for _ in 0..<400 {
      var bytes = original
      for _ in 0...generator.nextIndex(below: 4) {
        bytes[generator.nextIndex(below: bytes.count)] = UInt8(generator.nextIndex(below: 256))
      }
      do {
        let image = try decode(bytes)
        #expect(image.pixels.count == image.width * image.height * image.channels)
      } catch { refused += 1 }
    }
    #expect(refused > 10)
  }

  /// A frame as large as sides may be, in a screen of one pixel.
  @Test func aFrameLiesWithinItsScreen() throws {
    var bytes = try PictureGoldens.bytes("plain.gif")
    bytes.replaceSubrange(6..<10, with: [1, 0, 1, 0])
    #expect(refusal(bytes).contains("outside"))
    bytes.replaceSubrange(6..<10, with: [0xff, 0xff, 1, 0])
    #expect(refusal(bytes).contains("beyond 8192 pixels"))
  }
}
