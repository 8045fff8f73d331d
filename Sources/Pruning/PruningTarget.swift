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
  /// Cycles of one image on the recipe's accelerator, as its model estimates them, at most.
  case cycles(Int)
  /// Microjoules of one image on the recipe's accelerator, as its model estimates them, at most.
  case microjoules(Double)

  enum CodingKeys: String, CodingKey, CaseIterable {
    case sparsity, bytes
    case multiplyAccumulates = "macs"
    case milliseconds = "latency_ms"
    case cycles
    case microjoules = "energy_uj"
  }

  /// How requests name what a target may count.
  public static let names = CodingKeys.allCases.map(\.rawValue)

  /// What a sparsity may be.
  public static let sparsities = InputRange(0.0..<1)
  /// What bytes, multiply-accumulates and cycles may be: a thousand times those of the largest networks, and
  /// exact as doubles.
  public static let counts = InputRange(1...1_000_000_000_000_000)
  /// What milliseconds may be.
  public static let times = InputRange(above: 0.0, through: 1e9)
  /// What microjoules may be.
  public static let energies = InputRange(above: 0.0, through: 1e12)

  /// The field's name in JSON.
  public var name: String { key.rawValue }

  /// Whether anything is to be pruned.
  public var prunes: Bool { self != .sparsity(0) }

  var isSparsity: Bool { key == .sparsity }

  /// Whether it is counted on a modelled accelerator, which the recipe then names.
  public var needsAccelerator: Bool { key == .cycles || key == .microjoules }

  private var key: CodingKeys {
    switch self {
    case .sparsity: .sparsity
    case .bytes: .bytes
    case .multiplyAccumulates: .multiplyAccumulates
    case .milliseconds: .milliseconds
    case .cycles: .cycles
    case .microjoules: .microjoules
    }
  }

  /// Decodes an object with exactly one member.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard container.allKeys.count == 1, let key = container.allKeys.first else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath,
          debugDescription: "a target has one member of \(Self.names.joined(separator: ", "))"))
    }
    switch key {
    case .sparsity: self = .sparsity(try container.decode(Double.self, forKey: key))
    case .bytes: self = .bytes(try container.decode(Int.self, forKey: key))
    case .multiplyAccumulates:
      self = .multiplyAccumulates(try container.decode(Int.self, forKey: key))
    case .milliseconds: self = .milliseconds(try container.decode(Double.self, forKey: key))
    case .cycles: self = .cycles(try container.decode(Int.self, forKey: key))
    case .microjoules: self = .microjoules(try container.decode(Double.self, forKey: key))
    }
  }

  /// Encodes an object with one member, as the API takes it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .sparsity(let share): try container.encode(share, forKey: key)
    case .bytes(let count), .multiplyAccumulates(let count), .cycles(let count):
      try container.encode(count, forKey: key)
    case .milliseconds(let amount), .microjoules(let amount):
      try container.encode(amount, forKey: key)
    }
  }

  func validate() throws(PruningError) {
    let isValid: Bool
    let reason: String
    switch self {
    case .sparsity(let share):
      isValid = PruningTarget.sparsities.contains(share)
      reason = PruningTarget.sparsities.requirement()
    case .bytes(let count), .multiplyAccumulates(let count), .cycles(let count):
      isValid = PruningTarget.counts.contains(count)
      reason = PruningTarget.counts.requirement()
    case .milliseconds(let time):
      isValid = PruningTarget.times.contains(time)
      reason = PruningTarget.times.requirement()
    case .microjoules(let energy):
      isValid = PruningTarget.energies.contains(energy)
      reason = PruningTarget.energies.requirement()
    }
    guard isValid else { throw .invalidRecipe(field: "target.\(name)", reason: reason) }
  }
}
