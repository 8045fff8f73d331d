import Datasets
import Testing

@Suite struct LabelledImagesTests {
  @Test func sizes() throws {
    let images = try LabelledImages(
      channels: 3, height: 2, width: 4, pixels: [UInt8](repeating: 0, count: 48), labels: [0, 1],
      source: "memory")
    #expect(images.count == 2)
    #expect(images.imageSize == 24)
  }

  @Test(arguments: [
    (1, 2, 2, 7, 2), (1, 2, 2, 9, 2), (0, 2, 2, 0, 2), (1, 0, 2, 0, 2), (1, 2, 0, 0, 2),
    (-1, 2, -2, 8, 2), (1, .max, 2, 0, 2), (2, 1 << 31, 1 << 31, 0, 2), (1, 1 << 40, 1 << 22, 0, 2),
  ])
  func contradictionsAreNamed(
    channels: Int, height: Int, width: Int, pixels: Int, labels: Int
  ) {
    #expect(
      throws: DatasetError.malformed(
        file: "memory",
        reason: "\(pixels) pixel bytes do not make \(labels) images of "
          + "\(channels)x\(height)x\(width)")
    ) {
      try LabelledImages(
        channels: channels, height: height, width: width,
        pixels: [UInt8](repeating: 0, count: pixels), labels: [Int](repeating: 0, count: labels),
        source: "memory")
    }
  }
}
