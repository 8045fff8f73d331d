import ModelFormats
import NeuralGraph
import Training

/// What a run is expected to cost, from shapes, counts and the recipe alone: no weights, no data.
///
/// Everything is an upper estimate of the ordinary course: a run with an accuracy floor is taken to
/// return to every iteration. Sums are made in floating point and brought into range at the end, so
/// no recipe overflows anything.
public struct RunEstimate: Sendable, Hashable, Codable {
  /// What is estimated and limited.
  public enum Resource: String, Sendable, Hashable, Codable, CaseIterable {
    /// Updates.
    case steps
    /// Seconds of running.
    case seconds
    /// Bytes of memory at the peak, the universal model and a data set in memory included.
    case memory = "memory_bytes"
    /// Bytes of checkpoints and the packed file on disk.
    case disk = "disk_bytes"
  }

  /// Updates of the weights.
  public let steps: Int
  /// Seconds of running, without waiting in a queue.
  public let seconds: Double
  /// Bytes of memory at the peak.
  public let memoryBytes: Int
  /// Bytes on disk at the peak.
  public let diskBytes: Int
  /// Whether the seconds come from a measured speed, not from an assumed one.
  public let isMeasured: Bool
  /// The work in the units of `RunSpeed`.
  public let work: Double

  /// The request's fields that drive each resource, the most important first.
  private let drivers: [Resource: [String]]

  enum CodingKeys: String, CodingKey {
    case steps, seconds
    case memoryBytes = "memory_bytes"
    case diskBytes = "disk_bytes"
    case isMeasured = "measured"
    case work
  }

  /// How much there is of the data that a run reads.
  public struct Data: Sendable {
    /// Training images of the user's classes, more than which no batch holds; nil when unknown.
    public var training: Int?
    /// Validation and test images of the user's classes.
    public var validation, test: Int
    /// Bytes of the whole data set in memory; 0 for pictures in files.
    public var bytes: Int

    /// Counts as given.
    public init(training: Int? = nil, validation: Int, test: Int, bytes: Int) {
      self.training = training
      self.validation = validation
      self.test = test
      self.bytes = bytes
    }
  }

  /// Estimates the run of a recipe for `classes` of a universal model's classes on `threads` cores.
  /// Without a measured speed a low one is assumed.
  /// - Throws: `GraphError` when the graph is no valid one.
  public init(
    _ recipe: PruningRecipe, graph: Graph, classes: Int, data: Data, threads: Int,
    speed: RunSpeed? = nil
  ) throws(GraphError) {
    let recipe = data.training.map { recipe.cut(toImages: $0) } ?? recipe
    let costs = try PassCosts(graph, recipe: recipe)
    let plan = RunPlan(recipe, classes: classes)
    let work = RunWork(plan, costs: costs, recipe: recipe, data: data)
    let memory = try RunMemory(recipe, graph: graph, data: data, threads: threads)
    let speed = speed ?? .assumed(threads: threads)

    steps = whole(plan.steps)
    self.work = work.total
    seconds = min(Self.fixedSeconds + work.total / speed.unitsPerSecond, 1e12)
    isMeasured = speed.isMeasured
    memoryBytes = whole(memory.total)
    let isKeptForAll = recipe.minAccuracy != nil && recipe.target.prunes
    let checkpoint = 4 * memory.parameters + 2 * memory.prunable
    // A new checkpoint is written before the one before it goes.
    let checkpoints = isKeptForAll ? Double(recipe.iterations) + 1 : 2
    diskBytes = whole(checkpoint * checkpoints + 2 * 4 * memory.parameters)
    drivers = [
      .steps: Self.fields(plan.phases.map { ($0.steps, $0.fields) }),
      .seconds: Self.fields(work.parts),
      .memory: Self.fields(memory.parts),
      .disk: isKeptForAll ? ["min_accuracy", "recipe.iterations"] : ["base_model"],
    ]
  }

  /// Decodes what was encoded; the fields that drive it are not part of it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    steps = try container.decode(Int.self, forKey: .steps)
    seconds = try container.decode(Double.self, forKey: .seconds)
    memoryBytes = try container.decode(Int.self, forKey: .memoryBytes)
    diskBytes = try container.decode(Int.self, forKey: .diskBytes)
    isMeasured = try container.decode(Bool.self, forKey: .isMeasured)
    work = try container.decode(Double.self, forKey: .work)
    drivers = [:]
  }

  /// Loading, packing and measuring latency.
  private static let fixedSeconds = 3.0

  /// The fields of the parts that make most of a sum.
  private static func fields(_ parts: [(amount: Double, fields: [String])]) -> [String] {
    let total = parts.reduce(0) { $0 + $1.amount }
    var found: [String] = []
    for part in parts.sorted(by: { $0.amount > $1.amount }) where part.amount >= total / 5 {
      for field in part.fields where !found.contains(field) { found.append(field) }
    }
    return found
  }

  /// The estimate of one resource.
  public func amount(_ resource: Resource) -> Double {
    switch resource {
    case .steps: Double(steps)
    case .seconds: seconds
    case .memory: Double(memoryBytes)
    case .disk: Double(diskBytes)
    }
  }

  /// The request's fields that drive a resource, as requests spell them; empty for a decoded
  /// estimate.
  public func fields(driving resource: Resource) -> [String] { drivers[resource] ?? [] }
}

/// The nearest integer that there is.
private func whole(_ value: Double) -> Int {
  guard value.isFinite, value < 9e18 else { return .max }
  return Int(max(0, value.rounded(.up)))
}

/// The updates of a run, phase by phase.
private struct RunPlan {
  let phases: [(steps: Double, fields: [String])]
  /// Epochs whose end is followed by a look at the validation split, and other such looks.
  let validations: Double
  let iterations: Double
  /// How often the last phase may run.
  let finishes: Double

  var steps: Double { phases.reduce(0) { $0 + $1.steps } }

  init(_ recipe: PruningRecipe, classes: Int) {
    let perEpoch = max(
      1,
      (Double(recipe.samplesPerClass) * Double(classes) / Double(recipe.batchSize)).rounded(.down))
    iterations = recipe.target.prunes ? Double(recipe.iterations) : 0
    finishes = recipe.minAccuracy == nil ? 1 : max(1, iterations)
    validations = iterations + finishes * (Double(max(1, recipe.finalEpochs / 3)) + 1)
    phases = [
      (
        perEpoch * Double(recipe.denseEpochs), ["recipe.dense_epochs", "recipe.samples_per_class"]
      ),
      (
        perEpoch * Double(recipe.epochsPerIteration) * iterations,
        ["recipe.iterations", "recipe.epochs_per_iteration", "recipe.samples_per_class"]
      ),
      (
        perEpoch * Double(recipe.finalEpochs) * finishes,
        (recipe.minAccuracy == nil ? [] : ["min_accuracy", "recipe.iterations"])
          + ["recipe.final_epochs", "recipe.samples_per_class"]
      ),
    ]
  }
}

/// A run's work in the units of `RunSpeed`, part by part.
private struct RunWork {
  let parts: [(amount: Double, fields: [String])]
  var total: Double { parts.reduce(0) { $0 + $1.amount } }

  init(_ plan: RunPlan, costs: PassCosts, recipe: PruningRecipe, data: RunEstimate.Data) {
    let batch = Double(recipe.batchSize)
    let update =
      costs.update(batch) + (recipe.distillation > 0 ? costs.training * costs.forward(batch) : 0)
    let looked = min(Double(data.validation), Double(PersonalizationRun.validationImages))
    let pass = costs.evaluationBatch
    func evaluation(_ images: Double) -> Double {
      costs.exact * costs.forward(pass) * (images / pass).rounded(.up)
    }
    let both = evaluation(looked) + evaluation(Double(data.test))
    parts =
      plan.phases.map { ($0.steps * update, $0.fields) } + [
        (
          costs.exact * plan.iterations * Double(recipe.saliencyBatches) * 3 * costs.forward(batch),
          ["recipe.iterations", "recipe.saliency_batches", "recipe.batch_size"]
        ),
        (
          plan.finishes * Double(PersonalizationRun.statisticsBatches) * costs.forward(batch)
            * costs.exact,
          ["recipe.batch_size"]
        ),
        (evaluation(looked) * plan.validations, ["recipe.iterations", "recipe.final_epochs"]),
        (both * (recipe.denseEpochs > 0 ? 3 : 2), ["classes"]),
      ]
  }
}

/// Bytes of memory at a run's peak, part by part.
private struct RunMemory {
  let parameters: Double
  let prunable: Double
  let parts: [(amount: Double, fields: [String])]
  var total: Double { parts.reduce(0) { $0 + $1.amount } }

  /// A process that has loaded everything and does nothing, with what oneDNN compiles.
  private static let base = 120e6

  init(_ recipe: PruningRecipe, graph: Graph, data: RunEstimate.Data, threads: Int)
    throws(GraphError)
  {
    func count(_ shape: [Int]) -> Double { shape.reduce(1) { $0 * Double($1) } }
    parameters = graph.parameters().reduce(0) { $0 + count($1.shape) }
    prunable = PrunableLayer.layers(of: graph).filter(\.treatment.isPrunable)
      .reduce(0) { $0 + Double($1.matrix.count) }
    let isConverted = recipe.precision.used == .bf16
    let hasTeacher = recipe.distillation > 0
    // The universal model; values, gradients, velocities; learning weights apart from masked ones;
    // copies in the layouts of both passes, for each precision; the teacher with its copy; the best
    // epoch's weights beside those of the next, or a checkpoint beside the weights it is made of.
    let copies =
      1.0 + 3 + 1 + 2 + (isConverted ? 1 : 0) + (hasTeacher ? (isConverted ? 1.5 : 2) : 0) + 2
    // Masks: which weights are kept, by tile and by weight, with the copies in the optimiser's order.
    let weights = 4 * parameters * copies + 6 * prunable

    let look = graph.evaluationBatchSize
    var passes = try ActivationMemory(graph: graph)
    passes.add(count: look, mode: .inference)
    if recipe.denseEpochs > 0 {
      passes.add(
        count: recipe.batchSize, mode: .training, precision: recipe.precision.used, threads: threads
      )
    }
    if recipe.target.prunes, recipe.criterion == .saliency {
      passes.add(count: recipe.batchSize, mode: .evaluationGradient, threads: threads)
    }
    passes.add(
      count: recipe.batchSize, mode: .training, precision: recipe.precision.used, threads: threads)
    passes.add(count: look, mode: .inference)
    passes.add(count: recipe.batchSize, mode: .estimation)
    var teacher = try ActivationMemory(graph: graph)
    if hasTeacher {
      teacher.add(count: recipe.batchSize, mode: .inference, precision: recipe.precision.used)
    }
    // The sparse runtime keeps a few of the largest activations.
    let largest = try graph.shapes().values.map { Double($0.count) }.max() ?? 0
    let sessions = 2 * 3 * largest * Double(look) * 4
    // Batches under way: three, of pictures in files, and the copies while they are put together.
    let images = Double(recipe.batchSize) * Double(graph.input.count) * 4
    let batches = images * (data.bytes == 0 ? 6 : 2)
    parts = [
      (Self.base + Double(max(0, data.bytes)) + weights, ["base_model"]),
      (passes.bytes + teacher.bytes + batches, ["recipe.batch_size"]),
      (sessions, ["base_model"]),
    ]
  }
}
