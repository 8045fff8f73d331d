import Digests

/// The parts of a data set. Training fits weights, validation picks epochs, the test split is
/// looked at once (Documentation/method.md, step 5).
public enum Split: String, Sendable, CaseIterable, Codable {
  /// Fits weights.
  case training
  /// Picks epochs and iterations.
  case validation
  /// Measures, once.
  case test
}

/// A labelled image collection with fixed splits, in memory or in files that are decoded on demand.
public struct ImageDataset: Sendable {
  /// The name it is registered under, or its path.
  public let name: String
  /// Class names in label order.
  public let classes: [String]
  /// SHA-256 over the paths, sizes and modification times of a data set of files: equal ones mean
  /// that nobody wrote to the files in the ordinary way since. Nil for data sets in memory.
  public let fingerprint: SHA256Digest?

  /// Channels, rows and columns of every image; nil when pictures have their own sizes.
  public let imageShape: ImageShape?

  /// The images of one split, and which of them belong to each class.
  private struct Part {
    let source: ImageSource
    let byClass: [[Int]]
  }

  private let training: Part
  private let validation: Part
  private let test: Part
  private let contentDigest: ContentDigest
  let skipLog = SkipLog()
  /// What keeps the files where they are.
  private var hold: (any AnyObject & Sendable)?

  /// What its reader found beside these images and did not take.
  public let leftOut: LeftOutFiles

  /// The share of the training images of each class that is held out for validation.
  public static let validationShare = 0.1

  /// Splits a data set whose test images are given apart from the training images. Throws when
  /// the two differ in shape, a label has no class or a class no image.
  ///
  /// The validation split is a fixed tenth of each class, drawn with a constant seed: it must not
  /// move with the seed of a run, or images that trained the universal model would come to
  /// validate its descendants.
  ///
  /// `validation` images of the data set's own take that tenth's place, and no training image is
  /// held out then. `leftOut` is what the caller found beside all these and did not take.
  public init(
    name: String, classes: [String], training: LabelledImages,
    validation: LabelledImages? = nil, test: LabelledImages, leftOut: LeftOutFiles = LeftOutFiles()
  ) throws(DatasetError) {
    guard training.shape == test.shape else {
      throw .malformed(file: name, reason: "training and test images differ in size")
    }
    guard validation.map({ $0.shape == training.shape }) ?? true else {
      throw .malformed(file: name, reason: "training and validation images differ in size")
    }
    try self.init(
      name: name, classes: classes, training: .memory(training),
      validation: validation.map { .memory($0) }, test: .memory(test), fingerprint: nil,
      leftOut: leftOut)
  }

  /// A data set of files. Without validation files the split is as for images in memory.
  init(
    name: String, classes: [String], training: ImageFiles, validation: ImageFiles?,
    test: ImageFiles, fingerprint: SHA256Digest, leftOut: LeftOutFiles
  ) throws(DatasetError) {
    try self.init(
      name: name, classes: classes, training: .files(training),
      validation: validation.map { .files($0) }, test: .files(test), fingerprint: fingerprint,
      leftOut: leftOut)
  }

  private init(
    name: String, classes: [String], training: ImageSource, validation: ImageSource?,
    test: ImageSource, fingerprint: SHA256Digest?, leftOut: LeftOutFiles
  ) throws(DatasetError) {
    func split(_ source: ImageSource, _ share: Double, _ label: Split) throws(DatasetError)
      -> ClassSplit
    {
      try ClassSplit(
        labels: source.labels, classes: classes, share: share, name: name, split: label.rawValue)
    }
    self.name = name
    self.classes = classes
    self.fingerprint = fingerprint
    self.leftOut = leftOut
    imageShape = training.images?.shape
    if let validation {
      self.training = Part(source: training, byClass: try split(training, 0, .training).kept)
      self.validation = Part(
        source: validation, byClass: try split(validation, 0, .validation).kept)
    } else {
      let held = try split(training, ImageDataset.validationShare, .training)
      self.training = Part(source: training, byClass: held.kept)
      self.validation = Part(source: training, byClass: held.heldOut)
    }
    self.test = Part(source: test, byClass: try split(test, 0, .test).kept)
    contentDigest = ContentDigest(
      classes: classes, sources: [training] + (validation.map { [$0] } ?? []) + [test])
  }

  /// SHA-256 over classes, sizes, pixels and labels, or over the names and contents of files: the
  /// identity of the data in recipes and cards. Computed on first use; for files that reads them
  /// all, and throws `unreadable`.
  public var digest: SHA256Digest {
    get throws(DatasetError) { try contentDigest.value() }
  }

  /// The same; `checkCancellation` is called between groups of files, and what it throws ends the
  /// reading.
  public func digest(checkCancellation: () throws -> Void) throws -> SHA256Digest {
    try contentDigest.value(checkCancellation: checkCancellation)
  }

  /// The same data set, which lets go of `hold` when nobody has it any more.
  public func holding(_ hold: any AnyObject & Sendable) -> ImageDataset {
    var dataset = self
    dataset.hold = hold
    return dataset
  }

  /// Takes a digest that was computed before for the same files, as an equal `fingerprint` shows.
  public func trust(_ digest: SHA256Digest) { contentDigest.trust(digest) }

  /// The images a split's indices refer to; nil when they are in files.
  public func images(_ split: Split) -> LabelledImages? {
    source(split).images
  }

  /// Indices into the images of a split of one class, in a fixed order; empty for an unknown class.
  public func indices(_ split: Split, ofClass index: Int) -> [Int] {
    let byClass = part(split).byClass
    return byClass.indices.contains(index) ? byClass[index] : []
  }

  /// Images per class of one split.
  public func counts(_ split: Split) -> [Int] {
    classes.indices.map { indices(split, ofClass: $0).count }
  }

  /// Images of one split in classes that it has.
  public func count(_ split: Split, of classes: [Int]) -> Int {
    classes.reduce(0) { $0 + indices(split, ofClass: $1).count }
  }

  /// The label index of a class name, or an error with the nearest names.
  public func classIndex(_ name: String) throws(DatasetError) -> Int {
    guard let index = classes.firstIndex(of: name) else {
      throw .unknownClass(
        name, dataset: self.name, suggestions: nearestNames(to: name, in: classes))
    }
    return index
  }

  /// The label indices of class names, in their order, or the error of the first that is unknown.
  public func classIndices(_ names: [String]) throws(DatasetError) -> [Int] {
    let positions = Dictionary(
      classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var indices: [Int] = []
    indices.reserveCapacity(names.count)
    for name in names {
      if let index = positions[name] {
        indices.append(index)
      } else {
        indices.append(try classIndex(name))
      }
    }
    return indices
  }

  /// What loaders of this data set had to leave out so far.
  public var skippedImages: SkippedImages { skipLog.summary }

  /// The shape that all pictures have as they stand upright, when there is one and no side is above `largest`; reads the
  /// headers of training pictures until one differs. Pictures that cannot be read do not count.
  public func commonShape(largest: Int) -> ImageShape? {
    guard case .files(let files) = source(.training) else { return imageShape }
    var common: ImageShape?
    for index in files.labels.indices {
      let path = files.path(index)
      guard let bytes = try? ImageDecoder.read(file: path),
        let header = try? ImageDecoder.header(bytes, name: path)
      else { continue }
      let (width, height) = header.uprightSize
      let shape = ImageShape(channels: header.channels, height: height, width: width)
      guard max(shape.height, shape.width) <= largest, common ?? shape == shape else { return nil }
      common = shape
    }
    return common
  }

  /// The shape that a network for this data set usually sees: that of the images where all are
  /// alike and small, else a photograph's 3x224x224.
  public var usualShape: ImageShape {
    imageShape ?? commonShape(largest: 64) ?? ImageShape(channels: 3, height: 224, width: 224)
  }

  func source(_ split: Split) -> ImageSource { part(split).source }

  private func part(_ split: Split) -> Part {
    switch split {
    case .training: training
    case .validation: validation
    case .test: test
    }
  }
}
