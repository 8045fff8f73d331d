import Foundation
import TestSupport

/// The four files of a small IDX data set, and what may stand in their place.
struct TestFiles {
  static let trainingImages = "train-images-idx3-ubyte"
  static let trainingLabels = "train-labels-idx1-ubyte"
  static let testImages = "t10k-images-idx3-ubyte"
  static let testLabels = "t10k-labels-idx1-ubyte"
  static let names = [trainingImages, trainingLabels, testImages, testLabels]

  var contents: [String: [UInt8]]

  /// 60 training and 9 test images of 4x5 pixels in three classes.
  init() {
    let training = (0..<60).map { UInt8($0 % 3) }
    let test = (0..<9).map { UInt8($0 / 3) }
    contents = [
      Self.trainingImages: IDX.bytes([60, 4, 5], (0..<1200).map { UInt8(truncatingIfNeeded: $0) }),
      Self.trainingLabels: IDX.bytes([60], training),
      Self.testImages: IDX.bytes([9, 4, 5], (0..<180).map { UInt8(255 - $0) }),
      Self.testLabels: IDX.bytes([9], test),
    ]
  }

  func write(to folder: TemporaryFolder, gzip: Bool = false) throws {
    for (name, bytes) in contents {
      let isData = Self.names.contains(name)
      if gzip && isData {
        try folder.write(folder.gzipped(bytes), to: "\(name).gz")
      } else {
        try folder.write(bytes, to: name)
      }
    }
  }
}
