import Datasets
import Foundation
import TestSupport
import Testing

/// Pictures that say in EXIF data how they have to be turned.
@Suite struct OrientationTests {
  private static let (width, height) = (40, 24)

  /// Smooth, and different in every direction.
  private static let pixels: [UInt8] = {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width { pixels += [UInt8(4 * x), UInt8(8 * y), UInt8(2 * x + 3 * y)] }
    }
    return pixels
  }()

  private func planes(
    _ bytes: [UInt8], _ geometry: InputGeometry, region: PictureRegion? = nil
  ) throws -> [UInt8] {
    try geometry.planes(bytes, name: "picture") { _, _ in region }
  }

  private static let upright = Pictures.png(
    width: width, height: height, channels: 3, pixels: pixels)

  /// The top left corner of 6, which phones write when they are held upright, is the stored picture's
  /// bottom left.
  @Test func sixIsAQuarterToTheRight() throws {
    let stored: [UInt8] = [10, 20, 30, 40, 50, 60]
    let png = Pictures.turned(
      png: Pictures.png(width: 3, height: 2, channels: 1, pixels: stored), orientation: 6)
    let geometry = InputGeometry(shape: ImageShape(channels: 1, height: 3, width: 2))
    #expect(try planes(png, geometry) == [40, 10, 50, 20, 60, 30])
  }

  @Test(arguments: 1...8) func picturesComeUpright(_ orientation: Int) throws {
    let (pixels, width, height) = Pictures.stored(
      Self.pixels, width: Self.width, height: Self.height, channels: 3, orientation: orientation)
    let png = Pictures.turned(
      png: Pictures.png(width: width, height: height, channels: 3, pixels: pixels),
      orientation: UInt16(orientation))
    let square = ImageShape(channels: 3, height: 9, width: 9)
    let part = PictureRegion(x: 3, y: 5, width: 21, height: 12)
    for (geometry, region) in [
      (InputGeometry(shape: ImageShape(channels: 3, height: 24, width: 40)), nil),
      (InputGeometry(shape: square, resize: 12), nil),
      (InputGeometry(shape: ImageShape(channels: 1, height: 7, width: 10)), nil),
      (InputGeometry(shape: square), part),
    ] {
      let wanted = try planes(Self.upright, geometry, region: region)
      let found = try planes(png, geometry, region: region)
      #expect(found.count == wanted.count)
      // Sums in another order round otherwise.
      let worst = zip(found, wanted).map { abs(Int($0) - Int($1)) }.max() ?? 0
      #expect(worst <= 1, "\(geometry)")
    }
  }

  @Test(arguments: 1...8, [false, true]) func jpegs(orientation: Int, bigEndian: Bool) throws {
    let (pixels, width, height) = Pictures.stored(
      Self.pixels, width: Self.width, height: Self.height, channels: 3, orientation: orientation)
    let jpeg = Pictures.turned(
      try Pictures.jpeg(width: width, height: height, channels: 3, pixels: pixels),
      orientation: UInt16(orientation), bigEndian: bigEndian)
    // So small that the decoder leaves frequencies out.
    for side in [8, 3] {
      let geometry = InputGeometry(shape: ImageShape(channels: 3, height: side, width: side))
      let differences = zip(try planes(jpeg, geometry), try planes(Self.upright, geometry))
        .map { abs(Int($0) - Int($1)) }
      #expect(differences.max() ?? 255 <= 4)
    }
  }

  @Test(arguments: ["turned.webp", "turned.png"]) func otherWritersPictures(_ name: String) throws {
    let file = try PictureGoldens.bytes(name)
    let stored = try #require(PictureGoldens.pixels[name])
    let geometry = InputGeometry(shape: ImageShape(channels: 3, height: 13, width: 9))
    let found = try geometry.pixels(file, name: name)
    let turned = Pictures.stored(stored, width: 13, height: 9, channels: 3, orientation: 8)
    #expect(found == turned.pixels, "what 6 turns back is what 8 turns")
  }

  /// Models that were made before there was a choice see pictures as they are stored.
  @Test func olderModelsSeeWhatIsStored() throws {
    let stored: [UInt8] = [10, 20, 30, 40]
    let png = Pictures.turned(
      png: Pictures.png(width: 2, height: 2, channels: 1, pixels: stored), orientation: 3)
    let shape = ImageShape(channels: 1, height: 2, width: 2)
    #expect(try planes(png, InputGeometry(shape: shape, turnsUpright: false)) == stored)
    #expect(try planes(png, InputGeometry(shape: shape)) == [40, 30, 20, 10])
  }

  /// What makes no sense is what viewers take it for: nothing.
  @Test func damagedExifDataMeansNothing() throws {
    let pixels: [UInt8] = [10, 20, 30, 40]
    let png = Pictures.png(width: 2, height: 2, channels: 1, pixels: pixels)
    let geometry = InputGeometry(shape: ImageShape(channels: 1, height: 2, width: 2))
    let exif = Pictures.exif(orientation: 3)
    var forms = (1..<exif.count).map { Array(exif.prefix($0)) }
    forms += [Pictures.exif(orientation: 0), Pictures.exif(orientation: 9)]
    var far = exif
    far.replaceSubrange(4..<8, with: [0xff, 0xff, 0xff, 0xff])
    forms.append(far)
    for form in forms {
      let header = Pictures.signature.count + 25
      let bytes =
        Array(png.prefix(header)) + Pictures.chunk("eXIf", form) + png.dropFirst(header)
      let found = try planes(bytes, geometry)
      // Cut after the value there is nothing missing.
      #expect(found == (form.starts(with: exif.prefix(20)) ? [40, 30, 20, 10] : pixels), "\(form)")
    }
  }

  /// Data sets are read as their pictures stand: their size, too.
  @Test func dataSetsSeeUprightPictures() throws {
    let pictures = try PictureFolder()
    let png = Pictures.turned(
      png: Pictures.png(width: 6, height: 4, channels: 1, pixels: (0..<24).map { UInt8($0 * 9) }),
      orientation: 6)
    for file in ["train/a/1.png", "train/b/1.png", "test/a/1.png", "test/b/1.png"] {
      try pictures.add(file, png)
    }
    let dataset = try pictures.load()
    #expect(
      dataset.commonShape(largest: 64) == ImageShape(channels: 1, height: 6, width: 4))
    let loader = try BatchLoader(
      dataset: dataset, classes: [0], normalization: TestData.plain,
      geometry: InputGeometry(shape: ImageShape(channels: 1, height: 6, width: 4)))
    let batch = try #require(loader.sequential(.test, batchSize: 1).first { _ in true })
    #expect(batch.images.prefix(4).map { Int($0.rounded()) } == [162, 108, 54, 0])
  }
}
