import Foundation

/// A folder with the four files of MNIST-like data sets (`IDXNames`); class names may stand in
/// `labels.txt`, one a line, or in EMNIST's mapping.
enum IDXFolder {
  /// Whether the folder looks like this format.
  static func matches(_ path: String) -> Bool {
    // Several data sets in one folder are of this format, too: reading says what to do.
    do { return try IDXNames(path) != nil } catch {
      if case .notADataset = error { return true }
      return false
    }
  }

  static func read(path: String, name: String, classes names: ClassNames) throws(DatasetError)
    -> ImageDataset
  {
    guard let files = try IDXNames(path) else {
      throw .notADataset(
        path: path,
        reason: "'\(IDXNames.trainingImages)' or '\(IDXNames.trainingImages).gz' is missing")
    }
    var training = try part(
      images: IDXNames.trainingImages, labels: IDXNames.trainingLabels, in: files)
    var test = try part(images: IDXNames.testImages, labels: IDXNames.testLabels, in: files)
    guard training.height == test.height, training.width == test.width else {
      throw .malformed(file: path, reason: "training and test images differ in size")
    }
    let classes: [String]
    switch names {
    case .given(let given): classes = given
    case .file(let file): classes = try LabelsFile.names(file)
    case .found:
      if let file = labels(in: files.folder) ?? labels(in: path) {
        classes = try LabelsFile.names(file)
      } else if let file = files.mapping {
        classes = try EMNISTMapping.names(file)
      } else {
        classes = numbered(training)
      }
    }
    if let file = files.mapping, try EMNISTMapping.countsFromOne(file) {
      training = try training.countedFromZero(source: path)
      test = try test.countedFromZero(source: path)
    }
    try check(training, IDXNames.trainingLabels, in: files, names, classes: classes.count)
    try check(test, IDXNames.testLabels, in: files, names, classes: classes.count)
    return try ImageDataset(name: name, classes: classes, training: training, test: test)
  }

  private static func part(images: String, labels: String, in files: IDXNames)
    throws(DatasetError) -> LabelledImages
  {
    let imagePath = try files.required(images)
    let labelPath = try files.required(labels)
    let pixels = try IDXFile(path: imagePath)
    let values = try IDXFile(path: labelPath)
    guard pixels.dimensions.count == 3 else {
      throw .malformed(
        file: imagePath, reason: "images need 3 dimensions, not \(pixels.dimensions)")
    }
    guard values.dimensions == [pixels.dimensions[0]] else {
      throw .malformed(
        file: labelPath,
        reason: "\(values.dimensions) labels do not match \(pixels.dimensions[0]) images")
    }
    let part = try LabelledImages(
      channels: 1, height: pixels.dimensions[1], width: pixels.dimensions[2],
      pixels: Array(pixels.values), labels: values.values.map(Int.init), source: imagePath)
    return files.isTransposed ? try part.transposed(source: imagePath) : part
  }

  private static func check(
    _ images: LabelledImages, _ labels: String, in files: IDXNames, _ names: ClassNames,
    classes: Int
  ) throws(DatasetError) {
    let file = try files.required(labels)
    try LabelCounting.check(images.labels, array: "the file", file: file, classes: classes)
    if names == .found { try checkNumbered(images, classes: classes, file: file) }
    guard let index = images.labels.firstIndex(where: { $0 >= classes }) else { return }
    throw .malformed(
      file: file,
      reason: "image \(index) has label \(images.labels[index]); there are \(classes) classes")
  }

  /// Numbered classes go up to the highest label, so that labels from 1 leave only class 0 empty.
  private static func checkNumbered(_ images: LabelledImages, classes: Int, file: String)
    throws(DatasetError)
  {
    guard images.labels.max() == classes - 1, Set(images.labels).count == classes - 1 else {
      return
    }
    try LabelCounting.check(images.labels, array: "the file", file: file, classes: nil)
  }

  private static func labels(in path: String) -> String? {
    let file = "\(path)/labels.txt"
    return FileManager.default.fileExists(atPath: file) ? file : nil
  }

  private static func numbered(_ images: LabelledImages) -> [String] {
    (0...(images.labels.max() ?? 0)).map(String.init)
  }
}
