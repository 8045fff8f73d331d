import Datasets
import Digests
import Foundation
import ModelFormats
import Pruning
import Randomness

/// The runs of a suite in order, each once, checked as far as they can be without work.
public struct Plan: Sendable {
  /// What the runs work with.
  public struct Material: Sendable {
    /// What is tailored.
    public let universal: DenseModel
    let modelDigest: String
    /// The data.
    public let dataset: ImageDataset

    /// A universal model with the hexadecimal SHA-256 of its file, and its data.
    public init(universal: DenseModel, modelDigest: String, dataset: ImageDataset) {
      self.universal = universal
      self.modelDigest = modelDigest
      self.dataset = dataset
    }
  }

  /// More would be a mistake in a suite: at a second each they take three hours.
  static let limit = 10_000

  /// What the runs work with.
  public let material: Material
  /// In the order in which they start.
  public let runs: [PlannedRun]
  /// Figures in the order of their groups.
  public let figures: [String]

  /// Throws when a group's fields are out of range, a variant's recipe has a field that this version
  /// does not know, the same variant means two recipes, or classes, model and data do not fit. A
  /// sparsity out of a pattern's reach is left to the run, which fails alone.
  public init(_ suite: Suite, material: Material) throws {
    self.material = material
    let augmentation = Augmentation.usual(for: material.universal)
    let digest = try material.dataset.digest.hex
    var runs: [PlannedRun] = []
    var places: [String: Int] = [:]
    var meanings: [[String]: PruningRecipe] = [:]
    var figures: [String] = []
    for (index, group) in suite.groups.enumerated() {
      try Self.check(group, "groups[\(index)]")
      if !figures.contains(group.figure) { figures.append(group.figure) }
      let sets = try Self.profiles(
        group.sets, seed: suite.setSeed, labels: Self.labels(material), "groups[\(index)]")
      // Seeds outermost: a comparison that is stopped early has seen everything once.
      for seed in group.seeds {
        for profile in sets {
          for (variant, sparsity) in Self.targets(group) {
            let recipe = try variant.recipe(
              shared: group.recipe, sparsity: sparsity, seed: seed, augmentation: augmentation)
            try Self.check(variant, recipe, classes: profile.entries.count, &meanings)
            let run = try PlannedRun(
              model: material.modelDigest, data: digest, profile: profile, recipe: recipe,
              member: PlannedRun.Member(
                group: group.name, figure: group.figure, variant: variant.name))
            if let place = places[run.key] {
              for member in run.members where !runs[place].members.contains(member) {
                runs[place].members.append(member)
              }
              continue
            }
            do {
              _ = try material.personalization(run)
            } catch PruningError.sparsityOutOfReach {
              // Recorded when its turn comes: the others have something to say.
            }
            guard runs.count < Self.limit else {
              throw ComparisonError.invalidSuite(
                field: "groups", reason: "asks for more than \(Self.limit) runs")
            }
            places[run.key] = runs.count
            runs.append(run)
          }
        }
      }
    }
    self.runs = runs
    self.figures = figures
  }

  /// Every variant at every target, targets outermost; a variant with targets of its own at those.
  private static func targets(_ group: Suite.Group) -> [(Variant, Double)] {
    let all = group.variants.flatMap { $0.sparsities ?? group.sparsities }
    var seen = Set<Double>()
    return all.filter { seen.insert($0).inserted }.flatMap { sparsity in
      group.variants.filter { ($0.sparsities ?? group.sparsities).contains(sparsity) }
        .map { ($0, sparsity) }
    }
  }

  private static func check(_ group: Suite.Group, _ path: String) throws(ComparisonError) {
    for (field, name) in [("name", group.name), ("figure", group.figure)] {
      // They become parts of file names.
      let isPlain = name.utf8.allSatisfy {
        ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a) || (0x30...0x39).contains($0) || $0 == 0x2d
          || $0 == 0x5f
      }
      guard isPlain, (1...40).contains(name.utf8.count) else {
        throw .invalidSuite(
          field: "\(path).\(field)", reason: "must be 1 to 40 letters, digits, '-' and '_'")
      }
    }
    for (field, isEmpty) in [
      ("variants", group.variants.isEmpty), ("sets", group.sets.isEmpty),
      ("sparsities", group.sparsities.isEmpty), ("seeds", group.seeds.isEmpty),
    ] where isEmpty {
      throw .invalidSuite(field: "\(path).\(field)", reason: "must not be empty")
    }
    let names = group.variants.map(\.name)
    guard Set(names).count == names.count else {
      throw .invalidSuite(field: "\(path).variants", reason: "has a name twice")
    }
  }

  /// One name is one recipe, whatever the group: tables and charts go by it. Only the length of an
  /// epoch may change with the number of classes, as it does where updates shall be equally many.
  private static func check(
    _ variant: Variant, _ recipe: PruningRecipe, classes: Int,
    _ meanings: inout [[String]: PruningRecipe]
  ) throws(ComparisonError) {
    var meaning = recipe
    meaning.target = .sparsity(0)
    meaning.seed = 0
    var anyEpoch = meaning
    anyEpoch.samplesPerClass = 0
    for (key, meaning) in [([variant.name, "\(classes)"], meaning), ([variant.name], anyEpoch)] {
      guard meanings[key] ?? meaning == meaning else {
        throw .ambiguousVariant(name: variant.name)
      }
      meanings[key] = meaning
    }
  }

  /// The labels that random sets are drawn from: those the data has, too.
  private static func labels(_ material: Material) -> [String] {
    let known = Set(material.dataset.classes)
    return material.universal.description.labels.filter(known.contains)
  }

  private static func profiles(
    _ sets: [Suite.Sets], seed: UInt64, labels: [String], _ path: String
  ) throws -> [ClassProfile] {
    var profiles: [ClassProfile] = []
    for (index, set) in sets.enumerated() {
      switch set {
      case .given(let entries): profiles.append(try ClassProfile(entries))
      case .random(let size, let count):
        let field = "\(path).sets[\(index)].random"
        guard (2...max(2, labels.count)).contains(size), (1...1000).contains(count) else {
          throw ComparisonError.invalidSuite(
            field: field,
            reason: "needs a size of 2 to the model's \(labels.count) classes and a count of 1 to "
              + "1,000")
        }
        profiles += try draw(size, count, seed: seed, labels: labels, field)
      }
    }
    return profiles
  }

  /// Different sets, each in the order of the labels. The first sets do not depend on the count.
  private static func draw(
    _ size: Int, _ count: Int, seed: UInt64, labels: [String], _ field: String
  ) throws -> [ClassProfile] {
    var generator = SeededGenerator(seed: seed, stream: "class sets of \(size)")
    var drawn: [[Int]] = []
    for _ in 0..<count * 100 where drawn.count < count {
      var order = Array(labels.indices)
      generator.shuffle(&order)
      let chosen = order.prefix(size).sorted()
      if !drawn.contains(chosen) { drawn.append(chosen) }
    }
    guard drawn.count == count else {
      throw ComparisonError.invalidSuite(
        field: field, reason: "asks for \(count) different sets; there are hardly as many")
    }
    return try drawn.map { try ClassProfile(names: $0.map { labels[$0] }) }
  }
}

extension Plan.Material {
  /// The run, checked and ready. One thread each: results must not depend on how many run at once.
  func personalization(_ run: PlannedRun) throws -> Personalization {
    try Personalization(
      universal: universal, universalDigest: modelDigest, dataset: dataset, profile: run.profile,
      recipe: run.recipe, threads: 1)
  }
}
