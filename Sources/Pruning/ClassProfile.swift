import ClassWeights
import Datasets

/// The classes a user cares about, each with a positive weight (Documentation/method.md, "Terms").
public struct ClassProfile: Sendable, Hashable, Codable {
  /// In the order asked for, which becomes the order of the tailored model's scores.
  public let entries: [ClassWeight]

  /// Weights may differ by at most this factor: a class that is drawn once in a million samples is
  /// not trained at all.
  public static let largestWeightRatio = 1e4

  /// Throws on an empty profile, a class named twice, or a weight that is not positive and finite.
  public init(_ entries: [ClassWeight]) throws(PruningError) {
    guard !entries.isEmpty else {
      throw .invalidProfile(reason: "the profile names no class; give at least two")
    }
    guard entries.count > 1 else {
      throw .invalidProfile(
        reason: "a classifier needs at least two classes; '\(entries[0].name)' stands alone")
    }
    var seen = Set<String>()
    for entry in entries {
      guard seen.insert(entry.name).inserted else {
        throw .invalidProfile(reason: "the class '\(entry.name)' is named twice")
      }
      guard entry.weight.isFinite, entry.weight > 0 else {
        throw .invalidProfile(reason: "the weight of '\(entry.name)' must be a positive number")
      }
    }
    let weights = entries.map(\.weight)
    guard let least = weights.min(), let most = weights.max(),
      most / least <= ClassProfile.largestWeightRatio
    else {
      throw .invalidProfile(reason: "class weights may differ at most 10,000-fold")
    }
    self.entries = entries
  }

  /// Classes with equal weights.
  public init(names: [String]) throws(PruningError) {
    try self.init(names.map { ClassWeight(name: $0) })
  }

  /// Decodes and validates.
  public init(from decoder: any Decoder) throws {
    try self.init(try decoder.singleValueContainer().decode([ClassWeight].self))
  }

  /// Encodes the entries.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(entries)
  }

  /// Class names in order.
  public var names: [String] { entries.map(\.name) }

  /// π: the weights normalised to sum 1.
  public var distribution: [Double] {
    let total = entries.reduce(0) { $0 + $1.weight }
    return entries.map { $0.weight / total }
  }

  /// The position of every class among a model's labels. The error names every unknown class.
  public func indices(in labels: [String]) throws(PruningError) -> [Int] {
    var indices: [Int] = []
    var unknown: [PruningError.UnknownClass] = []
    for name in names {
      if let index = labels.firstIndex(of: name) {
        indices.append(index)
      } else {
        unknown.append(
          PruningError.UnknownClass(name: name, suggestions: nearestNames(to: name, in: labels)))
      }
    }
    guard unknown.isEmpty else { throw .unknownClasses(unknown) }
    return indices
  }
}
