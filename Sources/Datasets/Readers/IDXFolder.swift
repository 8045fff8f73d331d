import Foundation

/// A folder with the four files of MNIST-like data sets, each plain or with `.gz`:
/// `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`,
/// `t10k-labels-idx1-ubyte`; class names may stand in `labels.txt`, one a line.
enum IDXFolder {
  private static let trainingImages = "train-images-idx3-ubyte"

  /// Whether the folder looks like this format.
  static func matches(_ path: String) -> Bool { file(trainingImages, in: path) != nil }

  static func read(path: String, name: String, classes names: ClassNames) throws(DatasetError)
    -> ImageDataset
  {
    let training = try part(images: trainingImages, labels: "train-labels-idx1-ubyte", in: path)
    let test = try part(
      images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte", in: path)
    guard training.height == test.height, training.width == test.width else {
      throw .malformed(file: path, reason: "training and test images differ in size")
    }
    let classes: [String] =
      switch names {
      case .given(let given): given
      case .file(let file): try LabelsFile.names(file)
      case .found:
        if let file = labels(in: path) { try LabelsFile.names(file) } else { numbered(training) }
      }
    try check(training, "train-labels-idx1-ubyte", in: path, classes: classes.count)
    try check(test, "t10k-labels-idx1-ubyte", in: path, classes: classes.count)
    return try ImageDataset(name: name, classes: classes, training: training, test: test)
  }

  private static func part(images: String, labels: String, in path: String) throws(DatasetError)
    -> LabelledImages
  {
    let imagePath = try required(images, in: path)
    let labelPath = try required(labels, in: path)
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
    return try LabelledImages(
      channels: 1, height: pixels.dimensions[1], width: pixels.dimensions[2],
      pixels: Array(pixels.values), labels: values.values.map(Int.init), source: imagePath)
  }

  private static func check(
    _ images: LabelledImages, _ labels: String, in path: String, classes: Int
  ) throws(DatasetError) {
    guard let index = images.labels.firstIndex(where: { $0 >= classes }) else { return }
    throw .malformed(
      file: try required(labels, in: path),
      reason: "image \(index) has label \(images.labels[index]); there are \(classes) classes")
  }

  private static func labels(in path: String) -> String? {
    let file = "\(path)/labels.txt"
    return FileManager.default.fileExists(atPath: file) ? file : nil
  }

  private static func numbered(_ images: LabelledImages) -> [String] {
    (0...(images.labels.max() ?? 0)).map(String.init)
  }

  private static func required(_ name: String, in path: String) throws(DatasetError) -> String {
    guard let found = file(name, in: path) else {
      throw .notADataset(path: path, reason: "'\(name)' or '\(name).gz' is missing")
    }
    return found
  }

  private static func file(_ name: String, in path: String) -> String? {
    [name, "\(name).gz"].map { "\(path)/\($0)" }.first {
      FileManager.default.fileExists(atPath: $0)
    }
  }
}
