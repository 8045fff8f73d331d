/// The picture files of one split. Names lie end to end in one block: ImageNet's 1.3 million
/// would take ten times the memory as strings.
struct ImageFiles: Sendable {
  /// The split's folder.
  let root: String
  /// The folder of each class within it, in label order.
  let folders: [String]
  /// One class index per file.
  private(set) var labels: [Int] = []
  private var names: [UInt8] = []
  private var ends: [Int] = []

  init(root: String, folders: [String]) {
    self.root = root
    self.folders = folders
  }

  mutating func append(_ name: String, label: Int) {
    labels.append(label)
    names.append(contentsOf: name.utf8)
    ends.append(names.count)
  }

  /// Class folder and file name.
  func relativePath(_ index: Int) -> String {
    let start = index == 0 ? 0 : ends[index - 1]
    return
      "\(folders[labels[index]])/\(String(decoding: names[start..<ends[index]], as: UTF8.self))"
  }

  func path(_ index: Int) -> String { "\(root)/\(relativePath(index))" }
}

/// Where the images of a part of a data set are.
enum ImageSource: Sendable {
  /// All bytes in memory, one size.
  case memory(LabelledImages)
  /// Decoded when they are needed, any size.
  case files(ImageFiles)

  /// The images in memory.
  var images: LabelledImages? {
    switch self {
    case .memory(let images): images
    case .files: nil
    }
  }

  /// One class index per image.
  var labels: [Int] {
    switch self {
    case .memory(let images): images.labels
    case .files(let files): files.labels
    }
  }

  /// Channel planes of one image in a model's geometry. Images in memory must have its size
  /// already; they are only resampled to cut a region out.
  func planes(
    _ index: Int, _ geometry: InputGeometry,
    crop: (_ width: Int, _ height: Int) -> PictureRegion? = { _, _ in nil }
  ) throws(DatasetError) -> ArraySlice<UInt8> {
    switch self {
    case .memory(let images):
      let planes = images.pixels[index * images.imageSize..<(index + 1) * images.imageSize]
      guard let region = crop(images.width, images.height) else { return planes }
      return geometry.planes(
        of: RasterImage(planes: planes, shape: images.shape), region: region)[...]
    case .files(let files):
      let path = files.path(index)
      return try geometry.planes(try ImageDecoder.read(file: path), name: path, crop: crop)[...]
    }
  }
}
