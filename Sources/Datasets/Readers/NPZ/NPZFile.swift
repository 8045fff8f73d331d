import Foundation

/// A data set in one file of NumPy's: a zip archive of arrays, as `numpy.savez` and
/// `numpy.savez_compressed` write it.
///
/// | arrays | type and shape |
/// |---|---|
/// | `xtr`, `xte`, or Keras's `x_train`, `x_test`, or MedMNIST's `train_images`, `test_images` | unsigned bytes, N x H x W or N x H x W x C with C = 1 or 3 |
/// | `ytr`, `yte`, or `y_train`, `y_test`, or `train_labels`, `test_labels` | integers, N or N x 1 |
/// | `xva`, `yva`, or `x_val`, `y_val`, or `val_images`, `val_labels` | the validation split; optional |
/// | `classes` | texts, one name a label; optional, else classes are numbered |
///
/// On request images may be N x C x H x W, or floats in 0…1 (`ImageLayout`): neither can be told
/// from the content for certain. Other arrays are left out and counted.
enum NPZFile {
  /// How images lie in their arrays where it is not the usual way.
  struct ImageLayout {
    /// N x C x H x W.
    var channelsFirst = false
    /// Floats in 0…1 in place of bytes.
    var unit = false

    /// The format that asks for it.
    var format: DatasetFormat {
      switch (channelsFirst, unit) {
      case (false, false): .npz
      case (true, false): .npzNCHW
      case (false, true): .npzUnit
      case (true, true): .npzNCHWUnit
      }
    }
  }

  /// Names of the arrays: images and labels of each split.
  private struct Names {
    let training: (images: String, labels: String)
    let validation: (images: String, labels: String)
    let test: (images: String, labels: String)
    var needed: [String] { [training.images, training.labels, test.images, test.labels] }
  }

  private static let spellings = [
    Names(training: ("xtr", "ytr"), validation: ("xva", "yva"), test: ("xte", "yte")),
    Names(
      training: ("x_train", "y_train"), validation: ("x_val", "y_val"), test: ("x_test", "y_test")),
    Names(
      training: ("train_images", "train_labels"), validation: ("val_images", "val_labels"),
      test: ("test_images", "test_labels")),
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

  static func read(path: String, name: String, classes names: ClassNames, images: ImageLayout)
    throws(DatasetError) -> ImageDataset
  {
    let archive = try ZipArchive(path: path)
    let reader = ArraysReader(archive: archive, path: path, layout: images)
    guard let found = spellings.first(where: { $0.needed.allSatisfy(reader.holds) }) else {
      let wanted = spellings.map { $0.needed.joined(separator: ", ") }
      let held = archive.names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
      throw .notADataset(
        path: path,
        reason: "it does not hold the arrays \(wanted.joined(separator: ", nor ")), but "
          + (held.isEmpty ? "nothing" : held)
          + (path.lowercased().hasSuffix(".zip")
            ? "; an archive of pictures has to be unpacked" : ""))
    }
    let training = try reader.part(found.training)
    let test = try reader.part(found.test)
    var used = Set(found.needed + ["classes"])
    var validation: LabelledImages?
    if reader.holds(found.validation.images), reader.holds(found.validation.labels) {
      validation = try reader.part(found.validation)
      used.formUnion([found.validation.images, found.validation.labels])
    }
    for (part, images) in [(validation, found.validation.images), (test, found.test.images)] {
      guard let part, part.shape != training.shape else { continue }
      throw .malformed(
        file: path,
        reason: "'\(found.training.images)' has images of \(training.shape) and "
          + "'\(images)' of \(part.shape)")
    }
    let classes: [String] =
      switch names {
      case .given(let given): given
      case .file(let file): try LabelsFile.names(file)
      case .found:
        if let array = try reader.array("classes", limit: smallLimit) {
          try self.classes(array, path)
        } else {
          try numbered(training, found.training.labels, path)
        }
      }
    let parts: [(LabelledImages?, String)] = [
      (training, found.training.labels), (validation, found.validation.labels),
      (test, found.test.labels),
    ]
    for case (let part?, let labels) in parts {
      try check(part, labels, path, classes: classes.count)
    }
    var leftOut = LeftOutFiles()
    leftOut.add(.otherArray, archive.names.count { !used.contains(arrayName($0)) })
    return try ImageDataset(
      name: name, classes: classes, training: training, validation: validation, test: test,
      leftOut: leftOut)
  }

  private static func arrayName(_ member: String) -> String {
    member.hasSuffix(".npy") ? String(member.dropLast(4)) : member
  }

  /// Reads arrays of one archive.
  private struct ArraysReader {
    let archive: ZipArchive
    let path: String
    let layout: ImageLayout

    func holds(_ name: String) -> Bool { archive.member("\(name).npy") != nil }

    func array(_ name: String, limit: Int) throws(DatasetError) -> NPYArray? {
      guard let member = archive.member("\(name).npy") else { return nil }
      return try NPYArray(try archive.content(of: member, limit: limit), file: path, name: name)
    }

    private func required(_ name: String, limit: Int) throws(DatasetError) -> NPYArray {
      guard let array = try array(name, limit: limit) else {
        throw .notADataset(path: path, reason: "it does not contain an array called '\(name)'")
      }
      return array
    }

    func part(_ names: (images: String, labels: String)) throws(DatasetError) -> LabelledImages {
      let pixels = try required(names.images, limit: IDXFile.sizeLimit)
      let bytes = try bytes(pixels, names.images)
      let sides = pixels.shape
      let axis = layout.channelsFirst ? 1 : 3
      guard sides.count == 3 || sides.count == 4 && (sides[axis] == 1 || sides[axis] == 3) else {
        let isOther = sides.count == 4 && (sides[4 - axis] == 1 || sides[4 - axis] == 3)
        let form = layout.channelsFirst ? "N x C x H x W" : "N x H x W x C"
        throw .malformed(
          file: path,
          reason:
            "'\(names.images)' has the shape \(sides); images need N x H x W, or \(form) with "
            + "1 or 3 channels"
            + (isOther
              ? "; this looks like the other order, which is the format "
                + ImageLayout(channelsFirst: !layout.channelsFirst, unit: layout.unit).format
                .rawValue : ""))
      }
      let targets = try required(names.labels, limit: smallLimit)
      guard targets.shape == [sides[0]] || targets.shape == [sides[0], 1] else {
        throw .malformed(
          file: path,
          reason:
            "'\(names.labels)' of the shape \(targets.shape) does not match \(sides[0]) images")
      }
      let channels = sides.count == 4 ? sides[axis] : 1
      let isPlanar = layout.channelsFirst && sides.count == 4
      return try LabelledImages(
        channels: channels, height: sides[isPlanar ? 2 : 1], width: sides[isPlanar ? 3 : 2],
        pixels: isPlanar
          ? Array(bytes) : planes(bytes, channels: channels, images: sides[0]),
        labels: try targets.integers(), source: path)
    }

    private func bytes(_ array: NPYArray, _ name: String) throws(DatasetError) -> ArraySlice<UInt8>
    {
      if layout.unit { return try array.bytesOfUnit()[...] }
      guard array.element == .unsigned(bytes: 1) else {
        let unit = ImageLayout(channelsFirst: layout.channelsFirst, unit: true)
        let isFloat: Bool = if case .float = array.element { true } else { false }
        throw .malformed(
          file: path,
          reason: "'\(name)' must hold values 0 to 255 of the type uint8; convert it with astype"
            + (isFloat
              ? ", or ask for the format \(unit.format.rawValue) if they are floats from 0 to 1"
              : ""))
      }
      return array.values
    }
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
    let names = try array.texts().map(LabelsFile.className)
    if let (name, first, second) = LabelsFile.repetition(in: names) {
      throw .malformed(
        file: path,
        reason: "'classes' holds a class name twice: '\(name)' at \(first) and \(second)")
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
    try LabelCounting.check(images.labels, array: "'\(array)'", file: path, classes: nil)
    return (0...max(0, highest)).map(String.init)
  }

  private static func check(
    _ images: LabelledImages, _ array: String, _ path: String, classes: Int
  ) throws(DatasetError) {
    try LabelCounting.check(images.labels, array: "'\(array)'", file: path, classes: classes)
    guard let index = images.labels.firstIndex(where: { !(0..<classes).contains($0) }) else {
      return
    }
    throw .malformed(
      file: path,
      reason: "'\(array)' gives image \(index) the label \(images.labels[index]); there are "
        + "\(classes) classes")
  }
}
