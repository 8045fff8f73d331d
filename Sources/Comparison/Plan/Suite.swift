import ClassWeights
import Inputs
import Pruning
import ServiceAPI

/// What to compare: groups of variants, class sets, sparsities and seeds.
public struct Suite: Sendable, Hashable {
  /// Class sets, given or drawn.
  public enum Sets: Sendable, Hashable {
    /// Classes with their weights.
    case given([ClassWeight])
    /// `count` different sets of `size` of the model's labels.
    case random(size: Int, count: Int)

    /// What a random set's size may be.
    public static let sizes = InputRange(2...100_000)
    /// How many random sets there may be.
    public static let counts = InputRange(1...10_000)
  }

  /// Every variant with every set, sparsity and seed.
  public struct Group: Sendable, Hashable {
    /// Letters, digits, `-` and `_`.
    public var name: String
    /// The groups with the same figure share tables and charts; the group's name unless given.
    public var figure: String
    /// What is compared.
    public var variants: [Variant]
    /// Class sets.
    public var sets: [Sets]
    /// Targets, 0 ≤ κ < 1.
    public var sparsities: [Double]
    /// Seeds of sampling and augmentation.
    public var seeds: [UInt64]
    /// Changes to the recipes of all variants, which a variant's own override.
    public var recipe: [String: JSONValue]

    /// A group as given.
    public init(
      name: String, figure: String? = nil, variants: [Variant] = Variant.standard, sets: [Sets],
      sparsities: [Double] = [PruningRecipe.defaultSparsity], seeds: [UInt64] = [0],
      recipe: [String: JSONValue] = [:]
    ) {
      self.name = name
      self.figure = figure ?? name
      self.variants = variants
      self.sets = sets
      self.sparsities = sparsities
      self.seeds = seeds
      self.recipe = recipe
    }
  }

  /// The universal model's file; nil leaves it to the caller.
  public var model: String?
  /// A known data set or a path; nil leaves it to the caller.
  public var data: String?
  /// Seed of the random class sets.
  public var setSeed: UInt64
  /// What to run, in this order.
  public var groups: [Group]

  /// A suite as given.
  public init(model: String? = nil, data: String? = nil, setSeed: UInt64 = 0, groups: [Group]) {
    self.model = model
    self.data = data
    self.setSeed = setSeed
    self.groups = groups
  }
}
