import ClassWeights
import ServiceAPI

/// What is known about a tailored model: what it costs, what it gains, how to make it again.
public struct ModelCard: Codable, Sendable {
  /// Accuracy on the held-out test split, 0…1.
  public struct Accuracy: Codable, Sendable {
    /// The universal model with its classifier sliced to the classes: the reference.
    public var universalRestricted: Double
    /// The same after the recipe's `dense_epochs` of fine-tuning; nil without any.
    public var denseFineTuned: Double?
    /// The packed model, run by the sparse runtime.
    public var pruned: Double
    /// The packed model on each class, by label.
    public var perClass: [String: Double]
    /// Images of the test split that were looked at.
    public var testImages: Int

    /// Figures as given.
    public init(
      universalRestricted: Double, denseFineTuned: Double?, pruned: Double,
      perClass: [String: Double], testImages: Int
    ) {
      self.universalRestricted = universalRestricted
      self.denseFineTuned = denseFineTuned
      self.pruned = pruned
      self.perClass = perClass
      self.testImages = testImages
    }
  }

  /// One layer with a weight matrix.
  public struct Layer: Codable, Sendable {
    /// The node's name.
    public var name: String
    /// `hybrid` (N:M and blocks), `fine_only` (N:M), `blocks`, `unstructured`, `channels`,
    /// `dense_first`, `dense_depthwise`, `dense_grouped` or `dense_uncut`.
    public var treatment: String
    /// Why the layer stayed dense, for people; nil when it was pruned.
    public var reason: String?
    /// Output channels x columns of the matrix.
    public var shape: [Int]
    /// Weights that are left.
    public var kept: Int
    /// Zeros per weight.
    public var sparsity: Double
    /// Tiles left in each block row, and tiles there were; nil where the method knows none.
    public var tiles: [Int]?

    /// A layer as given.
    public init(
      name: String, treatment: String, reason: String?, shape: [Int], kept: Int,
      sparsity: Double, tiles: [Int]?
    ) {
      self.name = name
      self.treatment = treatment
      self.reason = reason
      self.shape = shape
      self.kept = kept
      self.sparsity = sparsity
      self.tiles = tiles
    }
  }

  /// Zeros per weight.
  public struct Sparsity: Codable, Sendable {
    /// Over all prunable layers: what the request's target means.
    public var global: Double
    /// Over all layers with a matrix, the dense ones too.
    public var model: Double
    /// Every layer with a matrix.
    public var layers: [Layer]

    /// Figures as given.
    public init(global: Double, model: Double, layers: [Layer]) {
      self.global = global
      self.model = model
      self.layers = layers
    }
  }

  /// A cost before and after.
  public struct Cost: Codable, Sendable {
    /// Of the sliced dense model.
    public var dense: Int
    /// Of the packed model.
    public var packed: Int

    /// Figures as given.
    public init(dense: Int, packed: Int) {
      self.dense = dense
      self.packed = packed
    }
  }

  /// One iteration of pruning.
  public struct Iteration: Codable, Sendable {
    /// Counted from 1.
    public var iteration: Int
    /// Zeros per weight over all prunable layers after it.
    public var sparsity: Double
    /// Accuracy on the validation split after its fine-tuning, 0…1; absent where that is empty.
    public var validationAccuracy: Double?

    /// An iteration as given.
    public init(iteration: Int, sparsity: Double, validationAccuracy: Double?) {
      self.iteration = iteration
      self.sparsity = sparsity
      self.validationAccuracy = validationAccuracy
    }
  }

  /// Pictures for people, each a whole SVG file.
  public struct Charts: Codable, Sendable {
    /// Weights kept in each layer.
    public var layerDensity: String
    /// Accuracy of each iteration against sparsity.
    public var accuracy: String

    /// Charts as given.
    public init(layerDensity: String, accuracy: String) {
      self.layerDensity = layerDensity
      self.accuracy = accuracy
    }
  }

  /// Milliseconds an image takes on the machine that made the model.
  public struct Latency: Codable, Sendable {
    /// Median of the dense model on oneDNN.
    public var denseMilliseconds: Double
    /// Median of the packed model on the sparse runtime.
    public var sparseMilliseconds: Double
    /// Images at once.
    public var batch: Int
    /// Cores used.
    public var threads: Int
    /// The processor's name.
    public var processor: String

    /// Figures as given.
    public init(
      denseMilliseconds: Double, sparseMilliseconds: Double, batch: Int, threads: Int,
      processor: String
    ) {
      self.denseMilliseconds = denseMilliseconds
      self.sparseMilliseconds = sparseMilliseconds
      self.batch = batch
      self.threads = threads
      self.processor = processor
    }
  }

  /// What one image costs on a modelled accelerator (Documentation/accelerators.md): an estimate, not a
  /// measurement.
  public struct Accelerator: Codable, Sendable {
    /// Cycles and energy of one image.
    public struct Cost: Codable, Sendable {
      /// Of all layers, one after the other.
      public var cycles: Double
      /// Microjoules.
      public var energyUj: Double
      /// This many times the model's cycles.
      public var timesTheCycles: Double
      /// This many times the model's energy.
      public var timesTheEnergy: Double

      /// Figures as given.
      public init(
        cycles: Double, energyUj: Double, timesTheCycles: Double, timesTheEnergy: Double
      ) {
        self.cycles = cycles
        self.energyUj = energyUj
        self.timesTheCycles = timesTheCycles
        self.timesTheEnergy = timesTheEnergy
      }
    }

    /// The design, as `crisp estimate --accelerator` names it.
    public var name: String
    /// `cold`: all operands come from DRAM.
    public var memory: String
    /// Of weights and activations.
    public var bits: Int
    /// Images at once.
    public var batch: Int
    /// Of the model on the design.
    public var cycles: Double
    /// Microjoules of the model on the design.
    public var energyUj: Double
    /// What most cycles wait for: `compute`, `shared_memory` or `dram`.
    public var bound: String
    /// Share of the cycles that wait for each of them.
    public var bounds: [String: Double]
    /// Share of activations that are not zero, measured on the run's data; each layer counts by its
    /// multiplies.
    public var activationDensity: Double
    /// The dense network on the dense design.
    public var dense: Cost
    /// The network with 2:4 weights on the 2:4 design.
    public var twoOfFour: Cost

    /// Figures as given.
    public init(
      name: String, memory: String, bits: Int, batch: Int, cycles: Double, energyUj: Double,
      bound: String, bounds: [String: Double], activationDensity: Double, dense: Cost,
      twoOfFour: Cost
    ) {
      self.name = name
      self.memory = memory
      self.bits = bits
      self.batch = batch
      self.cycles = cycles
      self.energyUj = energyUj
      self.bound = bound
      self.bounds = bounds
      self.activationDensity = activationDensity
      self.dense = dense
      self.twoOfFour = twoOfFour
    }
  }

  /// A name and the SHA-256 of what it named when the model was made.
  public struct Source: Codable, Sendable {
    /// The registered name.
    public var name: String
    /// Hexadecimal.
    public var sha256: String

    /// A source as given.
    public init(name: String, sha256: String) {
      self.name = name
      self.sha256 = sha256
    }
  }

  /// Always `model.card`.
  public var object = "model.card"
  /// The profile in the order of the scores, with the weights that the run was given: a server gives
  /// shares.
  public var classes: [ClassWeight]
  /// The universal model.
  public var baseModel: Source
  /// The data it was tailored with.
  public var dataset: Source
  /// What it reaches.
  public var accuracy: Accuracy
  /// What was pruned.
  public var sparsity: Sparsity
  /// File sizes.
  public var bytes: Cost
  /// Multiply-accumulates of one image; after pruning only kept weights count.
  public var multiplyAccumulates: Cost
  /// Speed here.
  public var latency: Latency
  /// What it would cost on a modelled accelerator: the recipe's, or CRISP-STC. Nil in cards of earlier
  /// versions, and where a network is too large for the model.
  public var accelerator: Accelerator?
  /// Everything else that decides the outcome.
  public var recipe: JSONValue
  /// The recipe's seed.
  public var seed: UInt64
  /// Threads the run used; with these, equal recipes give equal bytes on one machine.
  public var threads: Int
  /// Largest difference between the packed file's scores and the masked network's, relative.
  public var verificationError: Double
  /// Program that made it.
  public var generator: String
  /// The course of the run; after a resumption what came since. Nil in cards of earlier versions.
  public var iterations: [Iteration]?
  /// Nil in cards of earlier versions.
  public var charts: Charts?
  /// Where the run's time went, in seconds by part (`training`, `teacher`, `saliency`, `masks`,
  /// `evaluation`, `statistics`, `packing`, `other`). Nil in cards of earlier versions.
  public var seconds: [String: Double]?
  /// Digest of the packed file, hexadecimal. Nil in cards of earlier versions.
  public var sha256: String?

  enum CodingKeys: String, CodingKey {
    case object, classes
    case baseModel = "base_model"
    case dataset, accuracy, sparsity, bytes
    case multiplyAccumulates = "multiply_accumulates"
    case latency, accelerator, recipe, seed, threads
    case verificationError = "verification_error"
    case generator, iterations, charts, sha256, seconds
  }

  /// A card as given.
  public init(
    classes: [ClassWeight], baseModel: Source, dataset: Source, accuracy: Accuracy,
    sparsity: Sparsity, bytes: Cost, multiplyAccumulates: Cost, latency: Latency,
    recipe: JSONValue, seed: UInt64, threads: Int, verificationError: Double, generator: String,
    accelerator: Accelerator? = nil, iterations: [Iteration]? = nil, charts: Charts? = nil,
    sha256: String? = nil, seconds: [String: Double]? = nil
  ) {
    self.classes = classes
    self.baseModel = baseModel
    self.dataset = dataset
    self.accuracy = accuracy
    self.sparsity = sparsity
    self.bytes = bytes
    self.multiplyAccumulates = multiplyAccumulates
    self.latency = latency
    self.accelerator = accelerator
    self.recipe = recipe
    self.seed = seed
    self.threads = threads
    self.verificationError = verificationError
    self.generator = generator
    self.iterations = iterations
    self.charts = charts
    self.sha256 = sha256
    self.seconds = seconds
  }
}

extension ModelCard.Accuracy {
  enum CodingKeys: String, CodingKey {
    case universalRestricted = "universal_restricted"
    case denseFineTuned = "dense_fine_tuned"
    case pruned
    case perClass = "per_class"
    case testImages = "test_images"
  }
}

extension ModelCard.Iteration {
  enum CodingKeys: String, CodingKey {
    case iteration, sparsity
    case validationAccuracy = "validation_accuracy"
  }
}

extension ModelCard.Charts {
  enum CodingKeys: String, CodingKey {
    case layerDensity = "layer_density"
    case accuracy
  }
}

extension ModelCard.Accelerator {
  enum CodingKeys: String, CodingKey {
    case name, memory, bits, batch, cycles, bound, bounds, dense
    case energyUj = "energy_uj"
    case activationDensity = "activation_density"
    case twoOfFour = "2_of_4"
  }
}

extension ModelCard.Accelerator.Cost {
  enum CodingKeys: String, CodingKey {
    case cycles
    case energyUj = "energy_uj"
    case timesTheCycles = "times_the_cycles"
    case timesTheEnergy = "times_the_energy"
  }
}

extension ModelCard.Latency {
  enum CodingKeys: String, CodingKey {
    case denseMilliseconds = "dense_milliseconds"
    case sparseMilliseconds = "sparse_milliseconds"
    case batch, threads, processor
  }
}
