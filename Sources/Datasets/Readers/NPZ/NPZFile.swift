import Foundation

/// A data set in one file of NumPy's: a zip archive of arrays, as `numpy.savez` and
/// `numpy.savez_compressed` write it.
///
/// | arrays | type and shape |
/// |---|---|
/// | `xtr`, `xte`, or Keras's `x_train`, `x_test` | unsigned bytes, N x H x W or N x H x W x C with C = 1 or 3 |
/// | `ytr`, `yte`, or `y_train`, `y_test` | integers, N or N x 1 |
/// | `classes` | texts, one name a label; optional, else classes are numbered |
enum NPZFile {
  /// Names of the arrays.
  private struct Names {
    let trainingImages: String
    let trainingLabels: String
    let testImages: String
    let testLabels: String
    var all: [String] { [trainingImages, trainingLabels, testImages, testLabels] }
  }

  private static let spellings = [
    Names(trainingImages: "xtr", trainingLabels: "ytr", testImages: "xte", testLabels: "yte"),
    Names(
      trainingImages: "x_train", trainingLabels: "y_train", testImages: "x_test",
      testLabels: "y_test"),
  ]

  /// For all but images: 16 million labels of 8 bytes.
  private static let smallLimit = 1 << 27

  /// Whether a file begins as a zip archive does.
  static func matches(_ path: String) -> Bool {
    guard let file = try? FilePieces(path), let start = try? file.bytes(at: 0, count: 4) else {
      return false
    }
    return start == [0x50, 0x4b, 0x03, 0x04]
  }

  static func read(path: String, name: String, classes names: ClassNames) throws(DatasetError)
    -> ImageDataset
  {
    let archive = try ZipArchive(path: path)
    guard
      let found = spellings.first(where: {
        $0.all.allSatisfy { archive.member("\($0).npy") != nil }
      })
    else {
      let wanted = spellings.map { $0.all.joined(separator: ", ") }.joined(separator: ", nor ")
      let held = archive.names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
      throw .notADataset(
        path: path,
        reason: "it does not hold the arrays \(wanted), but \(held.isEmpty ? "nothing" : held)")
    }
    let training = try part(found.trainingImages, found.trainingLabels, archive, path)
    let test = try part(found.testImages, found.testLabels, archive, path)
    guard training.shape == test.shape else {
      throw .malformed(
        file: path,
        reason: "'\(found.trainingImages)' has images of \(training.shape) and "
          + "'\(found.testImages)' of \(test.shape)")
    }
    let classes: [String] =
      switch names {
      case .given(let given): given
      case .file(let file): try LabelsFile.names(file)
      case .found:
        if let array = try array("classes", archive, path, limit: smallLimit) {
          try self.classes(array, path)
        } else {
          try numbered(training, found.trainingLabels, path)
        }
      }
    try check(training, found.trainingLabels, path, classes: classes.count)
    try check(test, found.testLabels, path, classes: classes.count)
    return try ImageDataset(name: name, classes: classes, training: training, test: test)
  }

  private static func array(_ name: String, _ archive: ZipArchive, _ path: String, limit: Int)
    throws(DatasetError) -> NPYArray?
  {
    guard let member = archive.member("\(name).npy") else { return nil }
    return try NPYArray(try archive.content(of: member, limit: limit), file: path, name: name)
  }

  private static func required(
    _ name: String, _ archive: ZipArchive, _ path: String, limit: Int
  ) throws(DatasetError) -> NPYArray {
    guard let array = try array(name, archive, path, limit: limit) else {
      throw .notADataset(path: path, reason: "it does not contain an array called '\(name)'")
    }
    return array
  }

  private static func part(
    _ images: String, _ labels: String, _ archive: ZipArchive, _ path: String
  ) throws(DatasetError) -> LabelledImages {
    let pixels = try required(images, archive, path, limit: IDXFile.sizeLimit)
    guard pixels.element == .unsigned(bytes: 1) else {
      throw .malformed(
        file: path,
        reason: "'\(images)' must hold values 0 to 255 of the type uint8; convert it with astype")
    }
    let sides = pixels.shape
    guard sides.count == 3 || sides.count == 4 && (sides[3] == 1 || sides[3] == 3) else {
      throw .malformed(
        file: path,
        reason: "'\(images)' has the shape \(sides); images need N x H x W, or N x H x W x C with "
          + "1 or 3 channels")
    }
    let targets = try required(labels, archive, path, limit: smallLimit)
    guard targets.shape == [sides[0]] || targets.shape == [sides[0], 1] else {
      throw .malformed(
        file: path,
        reason: "'\(labels)' of the shape \(targets.shape) does not match \(sides[0]) images")
    }
    let channels = sides.count == 4 ? sides[3] : 1
    return try LabelledImages(
      channels: channels, height: sides[1], width: sides[2],
      pixels: planes(pixels.values, channels: channels, images: sides[0]),
      labels: try targets.integers(), source: path)
  }

  /// Channels last become channels first.
  private static func planes(_ values: ArraySlice<UInt8>, channels: Int, images: Int) -> [UInt8] {
    guard channels > 1, !values.isEmpty else { return Array(values) }
    let plane = values.count / images / channels
    var pixels: [UInt8] = []
    pixels.reserveCapacity(values.count)
    for image in stride(from: values.startIndex, to: values.endIndex, by: channels * plane) {
      for channel in 0..<channels {
        for position in 0..<plane {
          pixels.append(values[image + position * channels + channel])
        }
      }
    }
    return pixels
  }

  private static func classes(_ array: NPYArray, _ path: String) throws(DatasetError) -> [String] {
    guard array.shape.count == 1 else {
      throw .malformed(
        file: path, reason: "'classes' has the shape \(array.shape); it needs one axis")
    }
    let names = try array.texts()
    guard Set(names).count == names.count else {
      throw .malformed(file: path, reason: "'classes' holds a class name twice")
    }
    guard !names.contains("") else {
      throw .malformed(file: path, reason: "'classes' holds an empty class name")
    }
    return names
  }

  /// A class without images is an error anyway, so labels as high as the number of images need not
  /// be counted up to.
  private static func numbered(_ images: LabelledImages, _ array: String, _ path: String)
    throws(DatasetError) -> [String]
  {
    let highest = images.labels.max() ?? 0
    guard highest < max(1, images.count) else {
      throw .malformed(
        file: path,
        reason: "'\(array)' holds the label \(highest), but only \(images.count) images: every "
          + "class from 0 up needs one")
    }
    return (0...max(0, highest)).map(String.init)
  }

  private static func check(
    _ images: LabelledImages, _ array: String, _ path: String, classes: Int
  ) throws(DatasetError) {
    guard let index = images.labels.firstIndex(where: { !(0..<classes).contains($0) }) else {
      return
    }
    throw .malformed(
      file: path,
      reason: "'\(array)' gives image \(index) the label \(images.labels[index]); there are "
        + "\(classes) classes")
  }
}
