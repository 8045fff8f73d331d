/// What a JPEG file's segments say (ITU-T T.81, B.1.1), found without decoding: segments are skipped
/// by their lengths, and within coded data 0xFF is a marker unless 0x00 or a restart follows.
enum JPEGSegments {
  private static let startOfScan: UInt8 = 0xDA
  private static let endOfImage: UInt8 = 0xD9
  private static let application1: UInt8 = 0xE1

  /// How often a picture is passed over: each scan of a progressive one refines all of it, so a
  /// small file of many scans takes as long to decode as a hundred pictures. What follows the end of
  /// the picture, such as a phone's film of the moment, does not count.
  static func scans(_ bytes: [UInt8]) -> Int {
    var scans = 0
    visit(bytes) { marker, _ in
      if marker == startOfScan { scans += 1 }
      return true
    }
    return scans
  }

  /// The TIFF data of the first EXIF segment before the first scan (EXIF 2.32, 4.7.2).
  static func exif(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
    let signature = Array("Exif\0\0".utf8)
    var found: ArraySlice<UInt8>?
    visit(bytes) { marker, content in
      if marker == application1, content.starts(with: signature) {
        found = content.dropFirst(signature.count)
      }
      return found == nil && marker != startOfScan
    }
    return found
  }

  /// Calls `body` with each segment's marker and content until it returns false.
  private static func visit(
    _ bytes: [UInt8], _ body: (_ marker: UInt8, _ content: ArraySlice<UInt8>) -> Bool
  ) {
    var position = 2
    while position + 1 < bytes.count {
      let marker = bytes[position + 1]
      guard bytes[position] == 0xFF, marker != 0, marker != 0xFF, !isAlone(marker) else {
        position += 1
        continue
      }
      guard marker != endOfImage, position + 3 < bytes.count else { return }
      let length = Int(bytes[position + 2]) << 8 + Int(bytes[position + 3])
      let end = min(bytes.count, position + 2 + length)
      let content = position + 4 <= end ? bytes[position + 4..<end] : []
      guard body(marker, content) else { return }
      position += 2 + length
    }
  }

  /// Markers without a length: restarts, the start of the image, and the temporary one.
  private static func isAlone(_ marker: UInt8) -> Bool {
    (0xD0...0xD8).contains(marker) || marker == 1
  }
}
