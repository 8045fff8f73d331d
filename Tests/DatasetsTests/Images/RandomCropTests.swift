import Datasets
import Testing

@Suite struct RandomCropTests {
  @Test(arguments: [(500, 375), (375, 500), (32, 32), (224, 225)])
  func regionsAreWhatTorchvisionAllows(width: Int, height: Int) {
    let crop = RandomCrop(smallest: 0.08)
    var areas: [Double] = []
    for seed in 0..<2000 {
      let region = crop.region(width: width, height: height, seed: UInt64(seed))
      #expect(region.x >= 0 && region.x + region.width <= width)
      #expect(region.y >= 0 && region.y + region.height <= height)
      let area = Double(region.width * region.height) / Double(width * height)
      let ratio = Double(region.width) / Double(region.height)
      // Sides are whole pixels.
      let slack = 2.0 / Double(min(region.width, region.height))
      #expect(area >= 0.08 * (1 - 2 * slack))
      #expect(ratio >= 0.75 * (1 - slack) && ratio <= 4.0 / 3 * (1 + slack))
      areas.append(area)
    }
    #expect(areas.min() ?? 1 < 0.1, "small parts come")
    #expect(areas.max() ?? 0 > 0.85, "almost all of it comes")
    // Uniform in 0.08…1 has mean 0.54; rejected large shapes pull it down a little.
    let mean = areas.reduce(0, +) / 2000
    #expect(mean > 0.42 && mean < 0.56)
  }

  /// No part in the ratio has the area: the largest central one is taken.
  @Test func extremePicturesFallBackToTheCentre() {
    let crop = RandomCrop(smallest: 0.9)
    #expect(
      crop.region(width: 400, height: 10, seed: 1)
        == PictureRegion(x: 193, y: 0, width: 13, height: 10))
    #expect(
      crop.region(width: 10, height: 400, seed: 1)
        == PictureRegion(x: 0, y: 193, width: 10, height: 13))
    #expect(
      crop.region(width: 1, height: 1, seed: 1)
        == PictureRegion(x: 0, y: 0, width: 1, height: 1))
  }

  @Test func theSeedDecides() {
    let crop = RandomCrop(smallest: 0.08)
    let regions = (0..<20).map { crop.region(width: 300, height: 200, seed: $0) }
    #expect(regions == (0..<20).map { crop.region(width: 300, height: 200, seed: $0) })
    #expect(Set(regions).count > 15)
  }
}
