import Inputs

/// How small the tailored model shall be (Documentation/method.md, "Budgets").
public enum PruningTarget: Sendable, Hashable, Codable {
  /// κ: zeros per weight over all prunable layers; 0 prunes nothing.
  case sparsity(Double)
  /// Bytes of the packed file, at most.
  case bytes(Int)
  /// Multiply-accumulates of one image over the whole network, kept weights only, at most.
  case multiplyAccumulates(Int)
  /// Milliseconds of one image on the recipe's device, at most, as its profile predicts them.
  case milliseconds(Double)

  enum CodingKeys: String, CodingKey, CaseIterable {
    case sparsity, bytes
    case multiplyAccumulates = "macs"
    case milliseconds = "latency_ms"
  }

  /// What a sparsity may be.
  public static let sparsities = InputRange(0.0..<1)
  /// What bytes and multiply-accumulates may be: a thousand times those of the largest networks, and
  /// exact as doubles.
  public static let counts = InputRange(1...1_000_000_000_000_000)
  /// What milliseconds may be.
  public static let times = InputRange(above: 0.0, through: 1e9)

  /// The field's name in JSON.
  public var name: String { key.rawValue }

  /// Whether anything is to be pruned.
  public var prunes: Bool { self != .sparsity(0) }

  var isSparsity: Bool { key == .sparsity }

  private var key: CodingKeys {
    switch self {
    case .sparsity: .sparsity
    case .bytes: .bytes
    case .multiplyAccumulates: .multiplyAccumulates
    case .milliseconds: .milliseconds
    }
  }

  /// Decodes an object with exactly one member.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard container.allKeys.count == 1, let key = container.allKeys.first else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath,
          debugDescription: "a target has one member of sparsity, bytes, macs and latency_ms"))
    }
    switch key {
    case .sparsity: self = .sparsity(try container.decode(Double.self, forKey: key))
    case .bytes: self = .bytes(try container.decode(Int.self, forKey: key))
    case .multiplyAccumulates:
      self = .multiplyAccumulates(try container.decode(Int.self, forKey: key))
    case .milliseconds: self = .milliseconds(try container.decode(Double.self, forKey: key))
    }
  }

  /// Encodes an object with one member, as the API takes it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .sparsity(let share): try container.encode(share, forKey: key)
    case .bytes(let count), .multiplyAccumulates(let count):
      try container.encode(count, forKey: key)
    case .milliseconds(let time): try container.encode(time, forKey: key)
    }
  }

  func validate() throws(PruningError) {
    let isValid: Bool
    let reason: String
    switch self {
    case .sparsity(let share):
      isValid = PruningTarget.sparsities.contains(share)
      reason = PruningTarget.sparsities.requirement()
    case .bytes(let count), .multiplyAccumulates(let count):
      isValid = PruningTarget.counts.contains(count)
      reason = PruningTarget.counts.requirement()
    case .milliseconds(let time):
      isValid = PruningTarget.times.contains(time)
      reason = PruningTarget.times.requirement()
    }
    guard isValid else { throw .invalidRecipe(field: "target.\(name)", reason: reason) }
  }
}
