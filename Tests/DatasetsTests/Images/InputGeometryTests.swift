import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct InputGeometryTests {
  /// One case of Goldens/resizing.json, which torchvision made.
  struct Golden: Decodable {
    let width, height, channels, side: Int
    let resize: Int?
    /// x, y, width, height.
    let region: [Int]?
    let planes: [UInt8]
  }

  static let goldens: [Golden] = {
    guard let file = Bundle.module.url(forResource: "Goldens/resizing", withExtension: "json"),
      let data = try? Data(contentsOf: file)
    else { return [] }
    return (try? JSONDecoder().decode([Golden].self, from: data)) ?? []
  }()

  /// The picture that Goldens/make_goldens.py computes.
  private func pixels(_ width: Int, _ height: Int, _ channels: Int) -> [UInt8] {
    (0..<height * width * channels).map { index in
      let (c, x, y) = (
        index % channels, index / channels % width, index / channels / width
      )
      return UInt8((x * 7 + y * 13 + c * 31 + (x * y) % 11 * 5) % 256)
    }
  }

  @Test func thereAreGoldens() { #expect(Self.goldens.count == 10) }

  /// PIL rounds to 8 bits between its passes and computes in fixed point: two steps of 255.
  @Test(arguments: goldens.indices) func resizingIsTorchvisions(_ index: Int) throws {
    let golden = Self.goldens[index]
    let png = Pictures.png(
      width: golden.width, height: golden.height, channels: golden.channels,
      pixels: pixels(golden.width, golden.height, golden.channels))
    let geometry = InputGeometry(
      shape: ImageShape(channels: golden.channels, height: golden.side, width: golden.side),
      resize: golden.resize)
    let region = golden.region.map {
      PictureRegion(x: $0[0], y: $0[1], width: $0[2], height: $0[3])
    }
    let found = try geometry.planes(png, name: "golden") { _, _ in region }
    #expect(found.count == golden.planes.count)
    let differences = zip(found, golden.planes).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() ?? 0 <= 2)
    #expect(differences.reduce(0, +) * 4 <= differences.count, "a quarter of a step on average")
  }

  @Test func pixelsAreThePlanesInterleaved() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      Pictures.png(width: 5, height: 4, channels: 3, pixels: pixels(5, 4, 3)), to: "a.png")
    let geometry = InputGeometry(shape: ImageShape(channels: 3, height: 4, width: 5))
    #expect(try geometry.pixels(file: folder.file("a.png")) == pixels(5, 4, 3))
    let planes = try geometry.planes(file: folder.file("a.png"))
    #expect(planes[20] == pixels(5, 4, 3)[1])
  }

  @Test func greyFillsColourAndColourFoldsToGrey() throws {
    let grey = Pictures.png(width: 6, height: 6, channels: 1, pixels: pixels(6, 6, 1))
    let colour = try InputGeometry(shape: ImageShape(channels: 3, height: 4, width: 4))
      .planes(grey, name: "grey")
    #expect(colour[..<16] == colour[16..<32] && colour[..<16].elementsEqual(colour[32...]))
    let red = Pictures.png(
      width: 2, height: 2, channels: 3, pixels: (0..<12).map { $0 % 3 == 0 ? 255 : 0 })
    let folded = try InputGeometry(shape: ImageShape(channels: 1, height: 1, width: 1))
      .planes(red, name: "red")
    #expect(folded == [76])
  }

  /// A JPEG much larger than the input is decoded at a fraction of its size; what comes out is what
  /// the whole picture would give.
  @Test(arguments: [nil, 64] as [Int?]) func largeJPEGsMayBeReduced(_ resize: Int?) throws {
    let (width, height) = (1203, 901)
    let smooth = (0..<width * height * 3).map { index -> UInt8 in
      let (c, x, y) = (index % 3, index / 3 % width, index / 3 / width)
      return UInt8(128 + 100 * sin(Double(x) / 90 + Double(c)) * cos(Double(y) / 70))
    }
    let jpeg = try Pictures.jpeg(width: width, height: height, channels: 3, pixels: smooth)
    let geometry = InputGeometry(
      shape: ImageShape(channels: 3, height: 56, width: 56), resize: resize)
    let reduced = try geometry.planes(jpeg, name: "large")
    let whole = geometry.planes(
      of: try ImageDecoder.decode(jpeg, name: "large"), region: nil)
    let worst = zip(reduced, whole).map { abs(Int($0) - Int($1)) }.max()
    #expect(try #require(worst) <= 3)
  }

  /// Sides whose product would be far beyond memory if the whole were resized.
  @Test func extremeSidesStayCheap() throws {
    let line = Pictures.png(
      width: 8192, height: 1, channels: 1, pixels: [UInt8](repeating: 9, count: 8192))
    let geometry = InputGeometry(
      shape: ImageShape(channels: 1, height: 24, width: 24), resize: 8192)
    #expect(try geometry.planes(line, name: "line") == [UInt8](repeating: 9, count: 576))
  }

  @Test func theUsualGeometryIs256To224() {
    #expect(
      InputGeometry.photographs(shape: ImageShape(channels: 3, height: 224, width: 224)).resize
        == 256)
    // Too small a resize covers the input all the same.
    #expect(
      InputGeometry(shape: ImageShape(channels: 3, height: 8, width: 9), resize: 2).resize == 9)
  }

  @Test func largePicturesAreRefusedUnread() throws {
    let geometry = InputGeometry(shape: ImageShape(channels: 1, height: 2, width: 2))
    let png = Pictures.png(width: 5, height: 4, channels: 1, pixels: pixels(5, 4, 1))
    #expect(try geometry.pixels(png, name: "x", mostPixels: 20).count == 4)
    #expect(throws: DatasetError.tooManyPixels(file: "x", width: 5, height: 4, most: 19)) {
      try geometry.pixels(png, name: "x", mostPixels: 19)
    }
    // Nothing behind the header: had it been read, the error were another.
    let header = Pictures.signature + Pictures.header(width: 8000, height: 8000, type: 2)
    let error = #expect(throws: DatasetError.self) {
      try geometry.pixels(
        header + Pictures.chunk("IDAT", [0]), name: "x", mostPixels: 63_999_999)
    }
    #expect(error?.code == "image_too_large")
  }
}
