import NeuralGraph

/// Makes a dense model of a state dict, given what the tensors do not say.
public struct StateDictImport: Sendable {
  /// The data set that the weights belong to, as far as it answers for what was not stated.
  public struct Source: Sendable {
    /// Its name.
    public let name: String
    /// Class names in label order.
    public let classes: [String]
    /// The shape of its images; nil when they are pictures in files.
    public let image: ActivationShape?
    /// The shape that its pictures are usually brought to: what small ones share, else 3x224x224;
    /// asked only when needed, for it reads files.
    public let usualImage: @Sendable () -> ActivationShape?
    /// Mean and standard deviation of each channel over its training images, on the 0…1 scale, as a
    /// model of that input sees them; nil when it has none of that shape.
    public let statistics: Statistics

    /// See `statistics`.
    public typealias Statistics =
      @Sendable (_ input: ActivationShape, _ resize: Int?) -> (
        mean: [Float], standardDeviation: [Float]
      )?

    /// A source as given; `statistics` is asked only when needed, for it reads every image.
    public init(
      name: String, classes: [String], image: ActivationShape?,
      usualImage: @escaping @Sendable () -> ActivationShape? = { nil },
      statistics: @escaping Statistics
    ) {
      self.name = name
      self.classes = classes
      self.image = image
      self.usualImage = usualImage
      self.statistics = statistics
    }
  }

  /// The architecture; nil to tell it from names and shapes.
  public var architecture: Architecture?
  /// The image; nil for the data set's, or what the weights allow to conclude.
  public var input: ActivationShape?
  /// One name a class; nil for the data set's.
  public var labels: [String]?
  /// One value a channel, on the 0…1 scale; nil for ImageNet's or the data set's.
  public var mean: [Float]?
  /// One value a channel, on the 0…1 scale; nil for ImageNet's or the data set's.
  public var standardDeviation: [Float]?
  /// The data set, when one is known.
  public var source: Source?

  /// An import of which nothing is stated yet.
  public init() {}

  /// The model. Throws an error that names the first missing, unexpected or misshaped tensor, or
  /// the fact that has to be stated.
  public func model(_ dict: StateDict) throws(FormatError) -> DenseModel {
    let fit = try fit(dict)
    return try DenseModel(
      description: ModelDescription(
        graph: fit.graph, labels: names(count: fit.classes),
        preprocessing: preprocessing(for: fit.graph.input),
        architecture: fit.title, dataset: source?.name),
      weights: fit.weights, training: training(dict))
  }

  /// Where the model came from, when its file says it otherwise than a plain state dict does.
  private func training(_ dict: StateDict) throws(FormatError) -> String? {
    guard !dict.prefixesLeftOut.isEmpty else { return nil }
    do {
      return try CanonicalJSON.text(Origin(prefixesLeftOut: dict.prefixesLeftOut))
    } catch {
      throw .invalidMetadata(key: "training", reason: "it cannot be written as JSON")
    }
  }

  private struct Origin: Encodable {
    let importedFrom = "state_dict"
    let prefixesLeftOut: [String]

    private enum CodingKeys: String, CodingKey {
      case importedFrom = "imported_from"
      case prefixesLeftOut = "prefixes_left_out"
    }
  }

  /// What the tensors do not imply about the image, the data set has to say.
  private func fit(_ dict: StateDict) throws(FormatError) -> StateDictFit {
    let stated = input ?? source?.image
    let fit = try StateDictFit.best(dict, architecture: architecture, input: stated)
    if stated != nil || fit.impliesInput { return fit }
    guard let usual = source?.usualImage() else {
      throw .importIncomplete(
        what: "the size of the images",
        advice: "state it, as in --input 3x32x32, or name the data set")
    }
    return try StateDictFit.best(dict, architecture: fit.architecture, input: usual)
  }

  private func names(count: Int) throws(FormatError) -> [String] {
    guard let names = labels ?? source?.classes else {
      throw .importIncomplete(
        what: "the names of its \(count) classes",
        advice: "give them with --labels, as a file with one a line or as a,b,c "
          + "(torchvision has ImageNet's in weights.meta[\"categories\"])")
    }
    guard names.count == count else { throw .labelCount(expected: count, found: names.count) }
    return names
  }

  /// What happens to an image first: as stated, else torchvision's for colour photographs, else the
  /// statistics of the data set. Throws `importIncomplete`, which says what to state, when none of
  /// these is known.
  public func preprocessing(for image: ActivationShape) throws(FormatError) -> Preprocessing {
    let resize = ImageForm(for: image) == .photograph ? Preprocessing.photographResize(image) : nil
    let known: (mean: [Float], standardDeviation: [Float])?
    if mean != nil, standardDeviation != nil {
      known = nil
    } else if image.channels == 3, ImageForm(for: image) == .photograph {
      known = Preprocessing.imageNet
    } else {
      known = source?.statistics(image, resize)
    }
    guard let mean = mean ?? known?.mean,
      let deviation = standardDeviation ?? known?.standardDeviation
    else {
      throw .importIncomplete(
        what: "how images of \(image) were normalised",
        advice: "state it, as in --mean 0.5 --std 0.25 with one number a channel, or name the "
          + "data set")
    }
    return try Preprocessing(
      shape: image, mean: mean, standardDeviation: deviation, resize: resize, orientation: .exif)
  }
}

extension Preprocessing {
  /// Pixels of a photograph's shorter side before an input is cut out of its middle: 256 for 224, as
  /// torchvision's evaluation does, and the same proportion at other sizes.
  public static func photographResize(_ input: ActivationShape) -> Int {
    (max(input.height, input.width) * 256 + 112) / 224
  }

  /// The statistics that torchvision's ImageNet weights expect (pytorch.org/vision, "Models and
  /// pre-trained weights").
  public static let imageNet: (mean: [Float], standardDeviation: [Float]) = (
    [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
  )
}
