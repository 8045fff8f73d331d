import Inputs
import NeuralGraph

/// How an image becomes a network's input: it is brought to size, 8-bit channels are scaled to 0…1,
/// then each channel is normalised, (x − mean) / standard deviation. The file states it so that
/// nobody has to guess.
public struct Preprocessing: Sendable, Hashable, Codable {
  /// The network's input: 1 or 3 channels as a rule, pixels; all positive.
  public let channels, height, width: Int
  /// One value a channel, on the 0…1 scale.
  public let mean: [Float]
  /// One value a channel, on the 0…1 scale; positive.
  public let standardDeviation: [Float]
  /// Pixels of a picture's shorter side before the centre is cut out, usually 256 for an input of
  /// 224; nil, and absent in the file, stretches the whole picture to `height` x `width`.
  public let resize: Int?
  /// What is done with the orientation that a picture states of itself.
  public let orientation: Orientation

  /// What is done with the orientation in a picture's EXIF data.
  public enum Orientation: String, Sendable, Hashable, Codable {
    /// The picture is turned upright, as every viewer shows it.
    case exif
    /// The picture is taken as it is stored. Files from before there was a choice state nothing and
    /// mean this; it is absent in files.
    case ignored
  }

  private enum CodingKeys: String, CodingKey {
    case channels, height, width, mean, resize, orientation
    case standardDeviation = "std"
  }

  /// No side of a picture is resized to more: a file must not make its reader allocate at will.
  private static let largestSide = 8192

  /// What each mean may be, on the 0…1 scale: those of preprocessings that work on 0…255, and more.
  public static let means = InputRange<Float>(-1000...1000)
  /// What each standard deviation may be, on the 0…1 scale: what is divided by less becomes too large for
  /// a network's 32-bit numbers.
  public static let deviations = InputRange<Float>(1e-6...1000)

  /// Throws `preprocessing` unless there is one mean of ``means`` and one deviation of ``deviations`` for
  /// each channel of `shape`, and `resize`, when given, covers the input.
  public init(
    shape: ActivationShape, mean: [Float], standardDeviation: [Float], resize: Int? = nil,
    orientation: Orientation = .ignored
  ) throws(FormatError) {
    guard shape.channels > 0, shape.height > 0, shape.width > 0 else {
      throw .preprocessing(reason: "an image of \(shape) is empty")
    }
    guard mean.count == shape.channels, standardDeviation.count == shape.channels else {
      throw .preprocessing(
        reason: "\(shape.channels) channels need as many means and standard deviations, not "
          + "\(mean.count) and \(standardDeviation.count)")
    }
    for (name, values, range) in [
      ("mean", mean, Self.means), ("standard deviation", standardDeviation, Self.deviations),
    ] {
      guard values.allSatisfy(range.contains) else {
        throw .preprocessing(reason: "each \(name) \(range.requirement())")
      }
    }
    if let resize {
      let smallest = max(shape.height, shape.width)
      guard smallest <= resize, resize <= Self.largestSide else {
        throw .preprocessing(
          reason: "a resize to \(resize) pixels must cover the input, \(smallest), and not exceed "
            + "\(Self.largestSide)")
      }
    }
    channels = shape.channels
    height = shape.height
    width = shape.width
    self.mean = mean
    self.standardDeviation = standardDeviation
    self.resize = resize
    self.orientation = orientation
  }

  /// Decodes and validates.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      shape: ActivationShape(
        channels: try container.decode(Int.self, forKey: .channels),
        height: try container.decode(Int.self, forKey: .height),
        width: try container.decode(Int.self, forKey: .width)),
      mean: try container.decode([Float].self, forKey: .mean),
      standardDeviation: try container.decode([Float].self, forKey: .standardDeviation),
      resize: try container.decodeIfPresent(Int.self, forKey: .resize),
      orientation: try container.decodeIfPresent(Orientation.self, forKey: .orientation)
        ?? .ignored)
  }

  /// Encodes; what is not stated means what files from before meant by it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(channels, forKey: .channels)
    try container.encode(height, forKey: .height)
    try container.encode(width, forKey: .width)
    try container.encode(mean, forKey: .mean)
    try container.encode(standardDeviation, forKey: .standardDeviation)
    try container.encodeIfPresent(resize, forKey: .resize)
    if orientation != .ignored { try container.encode(orientation, forKey: .orientation) }
  }

  /// The image that is expected.
  public var shape: ActivationShape {
    ActivationShape(channels: channels, height: height, width: width)
  }
}
