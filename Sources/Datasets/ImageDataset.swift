import Digests

/// The parts of a data set. Training fits weights, validation picks epochs, the test split is
/// looked at once (crisp.md, step 5).
public enum Split: String, Sendable, CaseIterable, Codable {
  case training, validation, test
}

/// A labelled image collection with fixed splits.
public struct ImageDataset: Sendable {
  /// The name it is registered under, or its path.
  public let name: String
  /// Class names in label order.
  public let classes: [String]
  /// SHA-256 over classes, sizes, pixels and labels: the identity of the data in recipes and cards.
  public let digest: SHA256Digest

  private let training: LabelledImages
  private let test: LabelledImages
  private let trainingIndices: [[Int]]
  private let validationIndices: [[Int]]
  private let testIndices: [[Int]]

  /// The share of the training images of each class that is held out for validation.
  public static let validationShare = 0.1

  /// Splits a data set whose test images are given apart from the training images. Throws when
  /// the two differ in shape, a label has no class or a class no image.
  ///
  /// The validation split is a fixed tenth of each class, drawn with a constant seed: it must not
  /// move with the seed of a run, or images that trained the universal model would come to
  /// validate its descendants.
  public init(name: String, classes: [String], training: LabelledImages, test: LabelledImages)
    throws(DatasetError)
  {
    guard training.channels == test.channels, training.height == test.height,
      training.width == test.width
    else {
      throw .malformed(file: name, reason: "training and test images differ in size")
    }
    self.name = name
    self.classes = classes
    self.training = training
    self.test = test
    let held = try ClassSplit(
      images: training, classes: classes, share: ImageDataset.validationShare, name: name)
    trainingIndices = held.kept
    validationIndices = held.heldOut
    testIndices = try ClassSplit(images: test, classes: classes, share: 0, name: name).kept
    digest = ImageDataset.digest(classes: classes, training: training, test: test)
  }

  /// Channels, height and width of every image.
  public var imageShape: (channels: Int, height: Int, width: Int) {
    (training.channels, training.height, training.width)
  }

  /// The images a split's indices refer to.
  public func images(_ split: Split) -> LabelledImages {
    split == .test ? test : training
  }

  /// Indices into `images(split)` of one class, in a fixed order; empty for an unknown class.
  public func indices(_ split: Split, ofClass index: Int) -> [Int] {
    let byClass =
      switch split {
      case .training: trainingIndices
      case .validation: validationIndices
      case .test: testIndices
      }
    return byClass.indices.contains(index) ? byClass[index] : []
  }

  /// Images per class of one split.
  public func counts(_ split: Split) -> [Int] {
    classes.indices.map { indices(split, ofClass: $0).count }
  }

  /// The label index of a class name, or an error with the nearest names.
  public func classIndex(_ name: String) throws(DatasetError) -> Int {
    guard let index = classes.firstIndex(of: name) else {
      throw .unknownClass(name, suggestions: nearestNames(to: name, in: classes))
    }
    return index
  }

  private static func digest(
    classes: [String], training: LabelledImages, test: LabelledImages
  ) -> SHA256Digest {
    var hasher = SHA256()
    for name in classes { hasher.update(Array("\(name)\u{0}".utf8)) }
    for part in [training, test] {
      let header = "\(part.count) \(part.channels)x\(part.height)x\(part.width)\n"
      hasher.update(Array(header.utf8))
      hasher.update(part.pixels)
      hasher.update(part.labels.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8 & 0xff)] })
    }
    return hasher.finalize()
  }
}
