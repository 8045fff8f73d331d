import Datasets
import Foundation
import Randomness
import Testing

/// What samplers hand out, against a naive picture of flips and shifts.
@Suite struct AugmentationTests {
  /// One picture; two channels show that all planes move together.
  struct Picture: Hashable {
    var channels = 2
    var height = 3
    var width = 4
    var pixels: [UInt8]

    subscript(channel: Int, y: Int, x: Int) -> UInt8 {
      (0..<height).contains(y) && (0..<width).contains(x)
        ? pixels[(channel * height + y) * width + x] : 0
    }

    func map(_ value: (Int, Int, Int) -> UInt8) -> Picture {
      var result = self
      for channel in 0..<channels {
        for y in 0..<height {
          for x in 0..<width {
            result.pixels[(channel * height + y) * width + x] = value(channel, y, x)
          }
        }
      }
      return result
    }

    var flipped: Picture { map { self[$0, $1, width - 1 - $2] } }

    func shifted(_ dy: Int, _ dx: Int) -> Picture { map { self[$0, $1 - dy, $2 - dx] } }
  }

  private static let picture = Picture(pixels: (0..<24).map { UInt8($0 * 9 + 20) })

  /// `count` draws of one picture.
  private func draws(
    _ picture: Picture, _ augmentation: Augmentation, count: Int,
    mean: Float = 0, deviation: Float = 1.0 / 255, seed: UInt64 = 1
  ) throws -> [[Float]] {
    let images = try LabelledImages(
      channels: picture.channels, height: picture.height, width: picture.width,
      pixels: picture.pixels, labels: [0], source: "memory")
    let dataset = try ImageDataset(name: "one", classes: ["a"], training: images, test: images)
    let loader = try BatchLoader(
      dataset: dataset, classes: [0],
      normalization: Normalization(
        mean: [mean, mean], standardDeviation: [deviation, deviation]))
    var sampler = try ClassSampler(
      loader: loader, weights: [1], augmentation: augmentation, seed: seed, stream: "draws")
    let batch = try sampler.next(count)
    let size = picture.pixels.count
    return (0..<count).map { Array(batch.images[$0 * size..<($0 + 1) * size]) }
  }

  private func pictures(_ picture: Picture, _ augmentation: Augmentation, count: Int) throws
    -> [Picture]
  {
    try draws(picture, augmentation, count: count).map { values in
      Picture(pixels: values.map { UInt8($0.rounded()) })
    }
  }

  @Test func noneChangesNothing() throws {
    #expect(Set(try pictures(Self.picture, .none, count: 20)) == [Self.picture])
  }

  @Test func flipsMirrorHalf() throws {
    let drawn = try pictures(Self.picture, Augmentation(flip: true, shift: 0), count: 1000)
    #expect(Set(drawn) == [Self.picture, Self.picture.flipped])
    // Four standard deviations of a fair coin.
    #expect(abs(drawn.filter { $0 == Self.picture }.count - 500) < 64)
  }

  @Test func flippingTwiceIsNoChange() throws {
    let augmentation = Augmentation(flip: true, shift: 0)
    let mirrored = try #require(
      pictures(Self.picture, augmentation, count: 50).first { $0 != Self.picture })
    #expect(
      Set(try pictures(mirrored, augmentation, count: 50)) == [Self.picture, mirrored])
  }

  @Test(arguments: [1, 2, 6], [false, true])
  func shiftsMoveExactly(_ shift: Int, flip: Bool) throws {
    let sources = flip ? [Self.picture, Self.picture.flipped] : [Self.picture]
    var expected: [Picture: Int] = [:]
    for source in sources {
      for dy in -shift...shift {
        for dx in -shift...shift { expected[source.shifted(dy, dx), default: 0] += 1 }
      }
    }
    let count = 6000
    let drawn = try pictures(Self.picture, Augmentation(flip: flip, shift: shift), count: count)
    var found: [Picture: Int] = [:]
    for picture in drawn { found[picture, default: 0] += 1 }
    // Every combination comes and nothing else; moved out altogether, all are black.
    #expect(Set(found.keys) == Set(expected.keys))
    let ways = sources.count * (2 * shift + 1) * (2 * shift + 1)
    for (picture, multiplicity) in expected {
      let mean = Double(count * multiplicity) / Double(ways)
      #expect(abs(Double(found[picture, default: 0]) - mean) < 5 * mean.squareRoot() + 1)
    }
  }

  /// Black is a pixel of value 0, which is not 0 after normalisation.
  @Test func whatMovesInIsBlack() throws {
    let white = Picture(pixels: [UInt8](repeating: 255, count: 24))
    let drawn = try draws(
      white, Augmentation(flip: false, shift: 2), count: 100, mean: 0.25, deviation: 0.5)
    #expect(Set(drawn.flatMap { $0 }) == [-0.5, 1.5])
  }

  @Test func negativeShiftsAreNone() throws {
    let drawn = try pictures(Self.picture, Augmentation(flip: false, shift: -3), count: 20)
    #expect(Set(drawn) == [Self.picture])
  }

  @Test func photographsAreCroppedAndSmallImagesMoved() {
    let shape = ImageShape(channels: 3, height: 32, width: 32)
    #expect(Augmentation.standard(for: InputGeometry(shape: shape)) == .small)
    #expect(Augmentation.standard(for: .photographs(shape: shape)) == .photographs)
  }

  /// Recipes from before there were crops are read, and written as they were.
  @Test func aCropIsWrittenWhenThereIsOne() throws {
    let old = Data(#"{"flip":true,"shift":2}"#.utf8)
    #expect(try JSONDecoder().decode(Augmentation.self, from: old) == .small)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(try encoder.encode(Augmentation.small) == old)
    let crop = try encoder.encode(Augmentation.photographs)
    #expect(try JSONDecoder().decode(Augmentation.self, from: crop) == .photographs)
  }

  /// A quarter turn moves every pixel to a place of its own.
  @Test func warpsOfNothingChangeNothingAndTurnsTurn() throws {
    var plane = (0..<25).map(Float.init)
    var scratch = [Float](repeating: 0, count: 25)
    func warped(_ warp: ImageWarp) -> [Float] {
      var result = plane
      result.withUnsafeMutableBufferPointer {
        warp.apply(to: $0, height: 5, width: 5, outside: -1, scratch: &scratch)
      }
      return result
    }
    #expect(warped(ImageWarp(down: (1, 0), right: (0, 1))) == plane)
    let quarter = warped(ImageWarp(down: (0, -1), right: (1, 0)))
    for y in 0..<5 {
      for x in 0..<5 { #expect(quarter[y * 5 + x] == plane[x * 5 + 4 - y]) }
    }
    // Half the size: the middle stays, the corners come from outside.
    let smaller = warped(ImageWarp(down: (2, 0), right: (0, 2)))
    #expect(smaller[12] == plane[12])
    #expect(smaller[0] == -1 && smaller[6] == plane[0] && smaller[18] == plane[24])
    // Between two pixels lies their mean.
    plane = [Float](repeating: 0, count: 25)
    plane[12] = 8
    let larger = warped(ImageWarp(down: (0.5, 0), right: (0, 0.5)))
    #expect(larger[12] == 8 && larger[11] == 4 && larger[6] == 2)
  }

  @Test func warpsStayWithinTheirBounds() {
    var generator = SeededGenerator(seed: 1, stream: "warp")
    let bounds = Augmentation.Warp(rotation: 20, scale: 0.2)
    var largest = 0.0
    for _ in 0..<500 {
      let warp = ImageWarp(bounds, from: &generator)
      let height = 1 / hypot(warp.down.y, warp.down.x)
      let width = 1 / hypot(warp.right.y, warp.right.x)
      #expect((0.8...1.2).contains(height) && (0.8...1.2).contains(width))
      let angle = abs(atan2(warp.right.y, warp.right.x)) * 180 / Double.pi
      #expect(angle <= 20 + 1e-9)
      largest = max(largest, angle)
    }
    #expect(largest > 18)
  }

  /// A loader applies them, to each image another.
  @Test func loadersWarp() throws {
    let warped = try draws(
      Self.picture, Augmentation(flip: false, shift: 0, warp: .init(rotation: 30, scale: 0.3)),
      count: 6)
    #expect(Set(warped).count == 6)
  }

  @Test func theSeedDecides() throws {
    let augmentation = Augmentation(flip: true, shift: 2)
    let first = try draws(Self.picture, augmentation, count: 30, seed: 1)
    #expect(try draws(Self.picture, augmentation, count: 30, seed: 1) == first)
    #expect(try draws(Self.picture, augmentation, count: 30, seed: 2) != first)
  }
}
