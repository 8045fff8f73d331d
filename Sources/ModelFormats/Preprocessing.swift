import NeuralGraph

/// How an image becomes a network's input: 8-bit channels are scaled to 0…1, then each channel is
/// normalised, (x − mean) / standard deviation. The file states it so that nobody has to guess.
public struct Preprocessing: Sendable, Hashable, Codable {
  public let channels, height, width: Int
  /// One value a channel, on the 0…1 scale.
  public let mean: [Float]
  /// One value a channel, on the 0…1 scale; positive.
  public let standardDeviation: [Float]

  private enum CodingKeys: String, CodingKey {
    case channels, height, width, mean
    case standardDeviation = "std"
  }

  /// Throws `preprocessing` unless there is one finite mean and one positive finite deviation for
  /// each channel of `shape`.
  public init(
    shape: ActivationShape, mean: [Float], standardDeviation: [Float]
  ) throws(FormatError) {
    guard shape.channels > 0, shape.height > 0, shape.width > 0 else {
      throw .preprocessing(reason: "an image of \(shape) is empty")
    }
    guard mean.count == shape.channels, standardDeviation.count == shape.channels else {
      throw .preprocessing(
        reason: "\(shape.channels) channels need as many means and standard deviations, not "
          + "\(mean.count) and \(standardDeviation.count)")
    }
    guard mean.allSatisfy(\.isFinite), standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 })
    else {
      throw .preprocessing(reason: "means must be finite, standard deviations also positive")
    }
    channels = shape.channels
    height = shape.height
    width = shape.width
    self.mean = mean
    self.standardDeviation = standardDeviation
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
      standardDeviation: try container.decode([Float].self, forKey: .standardDeviation))
  }

  /// The image that is expected.
  public var shape: ActivationShape {
    ActivationShape(channels: channels, height: height, width: width)
  }
}
