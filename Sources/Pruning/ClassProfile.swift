import ClassWeights
import Datasets
import Inputs

/// The classes a user cares about, each with a positive weight (Documentation/method.md, "Terms").
public struct ClassProfile: Sendable, Hashable, Codable {
  /// In the order asked for, which becomes the order of the tailored model's scores.
  public let entries: [ClassWeight]

  /// Weights may differ by at most this factor: a class that is drawn once in a million samples is
  /// not trained at all.
  public static let largestWeightRatio = 1e4

  /// What a weight may be.
  public static let weights = InputRange(above: 0.0, through: 1e9)

  /// The most classes of one profile. ImageNet has 1,000; what a request costs before its answer
  /// (reading, storing and answering every name) stays below 50 ms of processor time with it.
  public static let mostClasses = 4_096

  /// Unknown classes that get suggestions, each of which is compared with every label.
  static let mostSuggestions = 3

  /// Throws on an empty profile, one of more than `mostClasses`, a class named twice, or a weight
  /// that is not positive and finite.
  public init(_ entries: [ClassWeight]) throws(PruningError) {
    guard !entries.isEmpty else {
      throw .invalidProfile(reason: "the profile names no class; give at least two")
    }
    guard entries.count > 1 else {
      throw .invalidProfile(
        reason:
          "a classifier needs at least two classes; '\(entries[0].name.echoed())' is the only one")
    }
    guard entries.count <= ClassProfile.mostClasses else {
      throw .invalidProfile(
        reason:
          "the profile names \(entries.count) classes; at most \(ClassProfile.mostClasses) can be asked for"
      )
    }
    // Names are hashed as often as a set grows, and those of many combining marks cost most of it.
    var seen = Set<String>(minimumCapacity: entries.count)
    for entry in entries {
      guard seen.insert(entry.name).inserted else {
        throw .invalidProfile(reason: "the class '\(entry.name.echoed())' is named twice")
      }
      guard ClassProfile.weights.contains(entry.weight) else {
        throw .invalidProfile(
          reason: "the weight of '\(entry.name.echoed())' \(ClassProfile.weights.requirement())")
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

  /// Classes with equal weights. Throws `invalidProfile` for none, an empty or a repeated one.
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
    try Self.indices(of: names, in: labels)
  }

  /// The same of any names, a profile's or not.
  package static func indices(of names: [String], in labels: [String]) throws(PruningError) -> [Int]
  {
    guard names.count <= labels.count else {
      throw .invalidProfile(
        reason: "the profile names \(names.count) classes; the model knows only \(labels.count)")
    }
    let positions = positions(of: names, in: labels)
    var unknown: [PruningError.UnknownClass] = []
    for (name, position) in zip(names, positions) where position == nil {
      let suggestions =
        unknown.count < ClassProfile.mostSuggestions ? nearestNames(to: name, in: labels) : []
      unknown.append(PruningError.UnknownClass(name: name, suggestions: suggestions))
    }
    guard unknown.isEmpty else { throw .unknownClasses(unknown) }
    return positions.compactMap(\.self)
  }

  /// Where each name stands among labels, which are distinct; nil for one that is none of them.
  package static func positions(of names: [String], in labels: [String]) -> [Int?] {
    // In the labels' order, as jobs keep them, nothing needs to be hashed.
    var ordered: [Int] = []
    ordered.reserveCapacity(names.count)
    for (position, label) in labels.enumerated()
    where ordered.count < names.count && label == names[ordered.count] {
      ordered.append(position)
    }
    if ordered.count == names.count { return ordered }
    let positions = Dictionary(
      labels.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    return names.map { positions[$0] }
  }
}
