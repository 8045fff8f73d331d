import Datasets
import Randomness
import TestSupport
import Testing

@Suite struct RasterImageTests {
  private func image(_ width: Int, _ height: Int, _ channels: Int, _ pixels: [UInt8]) throws
    -> RasterImage
  {
    try ImageDecoder.decode(
      Pictures.png(width: width, height: height, channels: channels, pixels: pixels),
      name: "picture")
  }

  private func random(_ width: Int, _ height: Int, _ channels: Int) throws -> RasterImage {
    var generator = SeededGenerator(seed: 1, stream: "\(width)x\(height)x\(channels)")
    return try image(
      width, height, channels,
      (0..<width * height * channels).map { _ in UInt8(generator.nextIndex(below: 256)) })
  }

  @Test func theSameSizeIsExact() throws {
    let grey = try random(7, 5, 1)
    #expect(grey.planes(channels: 1, height: 5, width: 7) == grey.pixels)
    let colour = try random(7, 5, 3)
    let planes = colour.planes(channels: 3, height: 5, width: 7)
    for channel in 0..<3 {
      for pixel in 0..<35 {
        #expect(planes[channel * 35 + pixel] == colour.pixels[pixel * 3 + channel])
      }
    }
  }

  @Test func greyFillsThreePlanes() throws {
    let grey = try random(4, 3, 1)
    #expect(
      grey.planes(channels: 3, height: 3, width: 4) == grey.pixels + grey.pixels + grey.pixels)
  }

  /// ITU-R BT.601: 0.299, 0.587, 0.114.
  @Test(
    arguments: [
      ([255, 0, 0], 76), ([0, 255, 0], 150), ([0, 0, 255], 29), ([255, 255, 255], 255),
      ([0, 0, 0], 0), ([77, 77, 77], 77), ([10, 200, 100], 132),
    ] as [([UInt8], UInt8)])
  func colourBecomesGreyByLuma(colour: [UInt8], grey: UInt8) throws {
    #expect(try image(1, 1, 3, colour).planes(channels: 1, height: 1, width: 1) == [grey])
  }

  /// By hand: enlarging interpolates between pixel centres and repeats the edges; shrinking
  /// weighs the source with a triangle as wide as the ratio (0.75, 0.75, 0.25 of 1.75 at the edge).
  @Test(
    arguments: [
      ([0, 100], 4, [0, 25, 75, 100]),
      ([0, 100, 200, 40], 2, [71, 117]),
      ([10], 3, [10, 10, 10]),
      ([0, 90, 180], 1, [90]),
      ([0, 255, 0, 255, 0, 255, 0, 255], 8, [0, 255, 0, 255, 0, 255, 0, 255]),
    ] as [([UInt8], Int, [UInt8])])
  func linesOfPixels(line: [UInt8], size: Int, expected: [UInt8]) throws {
    let wide = try image(line.count, 1, 1, line)
    #expect(wide.planes(channels: 1, height: 1, width: size) == expected)
    let tall = try image(1, line.count, 1, line)
    #expect(tall.planes(channels: 1, height: size, width: 1) == expected)
  }

  /// One output pixel as the weighted mean over the whole source, in double precision.
  private func reference(
    _ image: RasterImage, channel: Int, y: Int, x: Int, height: Int, width: Int
  ) -> Double {
    func weight(_ source: Int, _ position: Int, _ old: Int, _ new: Int) -> Double {
      let ratio = Double(old) / Double(new)
      let centre = (Double(position) + 0.5) * ratio - 0.5
      return max(0, 1 - abs(Double(source) - centre) / max(1, ratio))
    }
    var sum = 0.0
    var total = 0.0
    for sourceY in 0..<image.height {
      for sourceX in 0..<image.width {
        let share =
          weight(sourceY, y, image.height, height) * weight(sourceX, x, image.width, width)
        let pixel = (sourceY * image.width + sourceX) * image.channels + channel
        sum += share * Double(image.pixels[pixel])
        total += share
      }
    }
    return sum / total
  }

  @Test(arguments: [
    (7, 5, 14, 10), (16, 16, 5, 7), (28, 28, 32, 32), (9, 4, 3, 12), (5, 9, 5, 4), (1, 1, 3, 3),
    (31, 17, 8, 8),
  ])
  func resizingAgreesWithTheDefinition(width: Int, height: Int, newWidth: Int, newHeight: Int)
    throws
  {
    let image = try random(width, height, 3)
    let planes = image.planes(channels: 3, height: newHeight, width: newWidth)
    #expect(planes.count == 3 * newHeight * newWidth)
    for channel in 0..<3 {
      for y in 0..<newHeight {
        for x in 0..<newWidth {
          let expected = reference(
            image, channel: channel, y: y, x: x, height: newHeight, width: newWidth)
          let found = Double(planes[(channel * newHeight + y) * newWidth + x])
          // Half a step of rounding, and a little for single precision.
          #expect(abs(found - expected) < 0.501)
        }
      }
    }
  }

  @Test(arguments: [0, 128, 255] as [UInt8]) func flatPicturesStayFlat(_ value: UInt8) throws {
    let flat = try image(13, 11, 1, [UInt8](repeating: value, count: 143))
    for (height, width) in [(28, 28), (3, 5), (1, 1), (11, 40)] {
      let planes = flat.planes(channels: 1, height: height, width: width)
      #expect(planes == [UInt8](repeating: value, count: height * width))
    }
  }
}
