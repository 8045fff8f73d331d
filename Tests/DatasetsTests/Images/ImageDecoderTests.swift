import Datasets
import Foundation
import Randomness
import TestSupport
import Testing

@Suite struct ImageDecoderTests {
  private func decode(_ bytes: [UInt8]) throws(DatasetError) -> RasterImage {
    try ImageDecoder.decode(bytes, name: "picture")
  }

  /// The reason for which bytes are refused under the picture's name.
  private func refusal(_ bytes: [UInt8], _ comment: Comment? = nil) -> String? {
    let error = #expect(throws: DatasetError.self, comment) { try decode(bytes) }
    guard case .undecodableImage("picture", let reason)? = error else {
      Issue.record("\(String(describing: error))")
      return nil
    }
    return reason
  }

  struct Form: Sendable {
    var name: String
    var png: [UInt8]
    var channels: Int
    var pixels: [UInt8]
  }

  /// Pictures of 3x2 pixels in the forms of the PNG specification, table 11.1.
  static let forms = [
    Form(
      name: "grey",
      png: Pictures.png(width: 3, height: 2, colorType: 0, rows: [[0, 1, 2], [128, 254, 255]]),
      channels: 1, pixels: [0, 1, 2, 128, 254, 255]),
    Form(
      name: "grey, 1 bit",
      png: Pictures.png(
        width: 3, height: 2, depth: 1, colorType: 0, rows: [[0b0100_0000], [0b1010_0000]]),
      channels: 1, pixels: [0, 255, 0, 255, 0, 255]),
    Form(
      name: "grey, 4 bits",
      png: Pictures.png(
        width: 3, height: 2, depth: 4, colorType: 0, rows: [[0x0f, 0x10], [0x28, 0xe0]]),
      channels: 1, pixels: [0, 255, 17, 34, 136, 238]),
    Form(
      name: "grey, 16 bits",
      png: Pictures.png(
        width: 3, height: 2, depth: 16, colorType: 0,
        rows: [[0, 0, 0x7f, 0, 0xff, 0xff], [1, 0, 2, 0, 3, 0]]),
      channels: 3,
      pixels: [0, 0, 0, 127, 127, 127, 255, 255, 255, 1, 1, 1, 2, 2, 2, 3, 3, 3]),
    Form(
      name: "colour",
      png: Pictures.png(
        width: 3, height: 2, colorType: 2,
        rows: [[255, 0, 0, 0, 255, 0, 0, 0, 255], [1, 2, 3, 4, 5, 6, 7, 8, 9]]),
      channels: 3,
      pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    Form(
      name: "colour, 16 bits",
      png: Pictures.png(
        width: 1, height: 1, depth: 16, colorType: 2, rows: [[10, 0, 20, 0, 30, 0]]),
      channels: 3, pixels: [10, 20, 30]),
    Form(
      name: "palette",
      png: Pictures.png(
        width: 3, height: 2, colorType: 3, rows: [[0, 1, 2], [2, 1, 0]],
        palette: [9, 8, 7, 100, 110, 120, 255, 0, 255]),
      channels: 3,
      pixels: [9, 8, 7, 100, 110, 120, 255, 0, 255, 255, 0, 255, 100, 110, 120, 9, 8, 7]),
    Form(
      name: "grey with alpha",
      png: Pictures.png(width: 3, height: 1, colorType: 4, rows: [[5, 255, 6, 128, 7, 0]]),
      channels: 3, pixels: [5, 5, 5, 6, 6, 6, 7, 7, 7]),
    Form(
      name: "colour with alpha",
      png: Pictures.png(
        width: 3, height: 1, colorType: 6, rows: [[1, 2, 3, 255, 4, 5, 6, 128, 7, 8, 9, 0]]),
      channels: 3, pixels: [1, 2, 3, 4, 5, 6, 7, 8, 9]),
  ]

  @Test(arguments: forms.indices) func decodesPNG(_ index: Int) throws {
    let form = Self.forms[index]
    let image = try decode(form.png)
    #expect(image.channels == form.channels, "\(form.name)")
    #expect(image.pixels == form.pixels, "\(form.name)")
    #expect(image.pixels.count == image.width * image.height * image.channels)
  }

  /// A lossy format at its best quality: within two steps of smooth pictures.
  @Test(arguments: [1, 3]) func decodesJPEG(channels: Int) throws {
    let (width, height) = (24, 16)
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        pixels += (0..<channels).map { UInt8(20 + x * 4 + y * 3 + $0 * 30) }
      }
    }
    let image = try decode(
      Pictures.jpeg(width: width, height: height, channels: channels, pixels: pixels))
    #expect(image.width == width && image.height == height && image.channels == channels)
    #expect(image.pixels.count == pixels.count)
    for (a, b) in zip(image.pixels, pixels) { #expect(abs(Int(a) - Int(b)) <= 2) }
  }

  private static let noPicture = "it is not a PNG, JPEG, WebP, BMP or GIF picture"

  @Test(arguments: [
    [], [0], [0xff, 0xd8], [0x89, 0x50, 0x4e], Array("GIF88a".utf8), Array("hello, world".utf8),
    Array("BM".utf8), [UInt8](repeating: 0, count: 1000),
  ])
  func otherFilesAreNoPictures(_ bytes: [UInt8]) {
    #expect(refusal(bytes) == Self.noPicture)
  }

  @Test(arguments: forms.indices) func everyTruncatedPNGIsRefused(_ index: Int) throws {
    let png = Self.forms[index].png
    // The checksum of the empty end chunk is all that may be missing.
    for length in 0..<png.count - 4 {
      let reason = refusal(Array(png.prefix(length)), "\(length) bytes")
      #expect((reason == Self.noPicture) == (length < 4))
    }
  }

  @Test func everyTruncatedJPEGIsRefused() throws {
    let pixels = (0..<16 * 16 * 3).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let jpeg = try Pictures.jpeg(width: 16, height: 16, channels: 3, pixels: pixels)
    for length in 0..<jpeg.count {
      let reason = refusal(Array(jpeg.prefix(length)), "\(length) of \(jpeg.count) bytes")
      #expect((reason == Self.noPicture) == (length < 3))
    }
  }

  /// A header of a few bytes that asks for gigabytes.
  @Test(arguments: [
    (60000, 60000), (8193, 1), (1, 8193), (0x7fff_ffff, 0x7fff_ffff), (0, 5), (5, 0),
  ])
  func impossiblePNGSizes(width: Int, height: Int) {
    let png =
      Pictures.signature + Pictures.header(width: width, height: height, type: 2)
      + Pictures.chunk("IDAT", [0x78, 0x9c, 3, 0, 0, 0, 0, 1]) + Pictures.chunk("IEND", [])
    #expect(refusal(png) != nil)
  }

  @Test func theLargestSideIsAccepted() throws {
    let side = RasterImage.largestSide
    let pixels = (0..<side).map { UInt8(truncatingIfNeeded: $0) }
    #expect(
      try decode(Pictures.png(width: side, height: 1, channels: 1, pixels: pixels)).pixels
        == pixels)
  }

  @Test(arguments: [(60000, 60000), (8193, 16), (16, 8193), (0, 16), (16, 0)])
  func impossibleJPEGSizes(width: Int, height: Int) throws {
    var jpeg = try Pictures.jpeg(
      width: 16, height: 16, channels: 1, pixels: [UInt8](repeating: 9, count: 256))
    // Baseline start of frame (ITU T.81, table B.2): length, precision, height, width.
    let frame = try #require(
      jpeg.indices.dropLast(9).first { jpeg[$0] == 0xff && jpeg[$0 + 1] == 0xc0 })
    jpeg.replaceSubrange(
      frame + 5..<frame + 9,
      with: [height >> 8, height & 0xff, width >> 8, width & 0xff].map(UInt8.init))
    let reason = refusal(jpeg)
    if width > 0 && height > 0 {
      #expect(reason == "\(width)x\(height) is beyond 8192 pixels a side")
    }
  }

  @Test func contradictoryPNGsAreRefused() {
    let rows: [[UInt8]] = [[0, 1, 2], [3, 4, 5]]
    // A palette picture without a palette, an unknown kind, an impossible depth, missing rows.
    #expect(refusal(Pictures.png(width: 3, height: 2, colorType: 3, rows: rows)) != nil)
    #expect(refusal(Pictures.png(width: 3, height: 2, colorType: 5, rows: rows)) != nil)
    #expect(refusal(Pictures.png(width: 3, height: 2, depth: 7, colorType: 0, rows: rows)) != nil)
    #expect(refusal(Pictures.png(width: 3, height: 9, colorType: 0, rows: rows)) != nil)
    #expect(refusal(Pictures.signature) != nil)
    // A wrong checksum of the pixels, which stands before the twelve bytes of the end chunk.
    var damaged = Pictures.png(width: 3, height: 2, colorType: 0, rows: rows)
    damaged[damaged.count - 13] ^= 1
    #expect(refusal(damaged) != nil)
    #expect(refusal(Pictures.signature + Pictures.chunk("IEND", [])) != nil)
  }

  @Test func mutatedPicturesNeverTrap() throws {
    var generator = SeededGenerator(seed: 1, stream: "picture mutation")
    let jpeg = try Pictures.jpeg(
      width: 16, height: 16, channels: 3,
      pixels: (0..<768).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    var refused = 0
    for picture in Self.forms.map(\.png) + [jpeg] {
      for _ in 0..<100 {
        var bytes = picture
        for _ in 0...generator.nextIndex(below: 3) {
          let position = 4 + generator.nextIndex(below: bytes.count - 4)
          bytes[position] = UInt8(generator.nextIndex(below: 256))
        }
        do {
          let image = try decode(bytes)
          #expect(image.pixels.count == image.width * image.height * image.channels)
        } catch {
          refused += 1
        }
      }
    }
    #expect((300..<1000).contains(refused), "\(refused)")
  }

  @Test func readsFiles() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.forms[0].png, to: "a.png")
    #expect(try ImageDecoder.decode(file: folder.file("a.png")).pixels == Self.forms[0].pixels)
    try folder.write(Array("text".utf8), to: "a.txt")
    #expect(
      throws: DatasetError.undecodableImage(
        file: folder.file("a.txt"), reason: Self.noPicture)
    ) { try ImageDecoder.decode(file: folder.file("a.txt")) }
    for path in [folder.file("nowhere.png"), folder.path] {
      let error = #expect(throws: DatasetError.self) { try ImageDecoder.decode(file: path) }
      #expect(error?.code == "unreadable_file")
      #expect(error?.description.contains(path) == true)
    }
  }

  /// Also behind a symbolic link, whose own size is a few bytes.
  @Test func refusesHugeFiles() throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.forms[0].png, to: "huge.png")
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("huge.png")))
    try handle.truncate(atOffset: UInt64(ImageDecoder.largestFile + 1))
    try handle.close()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link.png"), withDestinationPath: folder.file("huge.png"))
    for name in ["huge.png", "link.png"] {
      #expect(
        throws: DatasetError.undecodableImage(
          file: folder.file(name), reason: "it is larger than 64 MiB")
      ) { try ImageDecoder.decode(file: folder.file(name)) }
    }
  }
}
