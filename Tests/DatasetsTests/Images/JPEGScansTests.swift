import Datasets
import TestSupport
import Testing

@Suite struct JPEGScansTests {
  /// A grey progressive picture of so many scans, all of them of nothing.
  private static func progressive(scans: Int, side: Int) -> [UInt8] {
    func segment(_ marker: UInt8, _ content: [UInt8]) -> [UInt8] {
      let length = content.count + 2
      return [0xFF, marker, UInt8(length >> 8), UInt8(length & 0xFF)] + content
    }
    let size = [UInt8(side >> 8), UInt8(side & 0xFF)]
    let code = [UInt8(1)] + [UInt8](repeating: 0, count: 15) + [0]
    let data = [UInt8](repeating: 0, count: ((side / 8) * (side / 8) + 7) / 8)
    var bytes: [UInt8] = [0xFF, 0xD8] + segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
    bytes += segment(0xC2, [8] + size + size + [1, 1, 0x11, 0])
    bytes += segment(0xC4, [0x00] + code) + segment(0xC4, [0x10] + code)
    bytes += segment(0xDA, [1, 1, 0, 0, 0, 0]) + data
    for _ in 1..<scans { bytes += segment(0xDA, [1, 1, 0, 1, 63, 0]) + data }
    return bytes + [0xFF, 0xD9]
  }

  private func decode(_ bytes: [UInt8], mostPixels: Int = 25_000_000) throws(DatasetError) {
    _ = try InputGeometry(shape: ImageShape(channels: 1, height: 8, width: 8))
      .pixels(bytes, name: "body", mostPixels: mostPixels)
  }

  @Test func aHundredScansAreTheMost() throws {
    try decode(Self.progressive(scans: 10, side: 16))
    try decode(Self.progressive(scans: 100, side: 16))
    for count in [101, 500] {
      #expect(throws: DatasetError.tooManyScans(file: "body", scans: count, most: 100)) {
        try decode(Self.progressive(scans: count, side: 16))
      }
    }
  }

  @Test func largePicturesMayHaveFewer() throws {
    #expect(throws: DatasetError.tooManyScans(file: "body", scans: 41, most: 40)) {
      try decode(Self.progressive(scans: 41, side: 16), mostPixels: 1024)
    }
    #expect(throws: DatasetError.tooManyScans(file: "body", scans: 11, most: 10)) {
      try decode(Self.progressive(scans: 11, side: 32), mostPixels: 1024)
    }
    try decode(Self.progressive(scans: 10, side: 32), mostPixels: 1024)
  }

  @Test func ordinaryPicturesAreDecoded() throws {
    let pixels = [UInt8](repeating: 100, count: 64 * 64 * 3)
    try decode(Pictures.jpeg(width: 64, height: 64, channels: 3, pixels: pixels))
  }
}
