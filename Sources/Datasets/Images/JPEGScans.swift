/// How often a JPEG picture is passed over: each scan of a progressive one refines all of it, so a
/// small file of many scans takes as long to decode as a hundred pictures.
enum JPEGScans {
  /// Start-of-scan markers (ITU-T T.81, B.1.1.3), counted without decoding: segments are skipped by
  /// their lengths, and within coded data 0xFF is a marker unless 0x00 or a restart follows.
  static func count(_ bytes: [UInt8]) -> Int {
    let startOfScan: UInt8 = 0xDA
    var scans = 0
    var position = 2
    while position + 1 < bytes.count {
      let marker = bytes[position + 1]
      guard bytes[position] == 0xFF, marker != 0, marker != 0xFF, !isAlone(marker) else {
        position += 1
        continue
      }
      guard position + 3 < bytes.count else { break }
      if marker == startOfScan { scans += 1 }
      position += 2 + Int(bytes[position + 2]) << 8 + Int(bytes[position + 3])
    }
    return scans
  }

  /// Markers without a length: restarts, start and end of the image, and the temporary one.
  private static func isAlone(_ marker: UInt8) -> Bool {
    (0xD0...0xD9).contains(marker) || marker == 1
  }
}
