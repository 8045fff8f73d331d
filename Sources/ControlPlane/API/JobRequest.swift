import Accelerators
import ClassWeights
import Datasets
import Foundation
import HTTPServer
import HTTPTypes
import Inputs
import JobContract
import ModelFormats
import Pruning
import ServiceAPI
import Store

/// The body of `POST /users/{user}/classes`, checked field by field.
struct JobRequest {
  /// The base model asked for; nil means the default one.
  let baseModel: String?
  let profile: ClassProfile
  /// The device that milliseconds are counted on; nil means this server.
  let device: String?
  private(set) var recipe: PruningRecipe
  /// Whether the request says how training images are changed.
  private let namesAugmentation: Bool
  let metadata: JSONValue
  let priority: JobPriority
  /// What the worker's machine must have, in order, each once.
  let requires: [String]

  private static let fields: Set = [
    "classes", "base_model", "pattern", "block", "rows", "target", "device", "accelerator",
    "min_accuracy", "epochs", "seed", "recipe", "metadata", "priority",
    "requires",
  ]
  /// Bytes of JSON that a request may carry along.
  private static let metadataLimit = 4096
  /// Bytes of a class name; longer ones would come back several times in the answer.
  private static let classNameLimit = 256
  /// Classes of a request: as many as the largest classifiers have.
  private static let classLimit = 32_768
  /// Bytes of JSON that a recipe may have; all fields there are take a fifth of it.
  private static let recipeLimit = 4096

  /// Checks all fields and tells everything that is wrong with them. `labels` are the classes of the
  /// base model of that name, nil for none that can be found: asked for only when something is wrong.
  init(_ body: [UInt8], labels: (_ baseModel: String?) -> [String]? = { _ in nil }) throws {
    let json = try JSONBody.parse(body)
    guard case .object(let given) = json else {
      throw JSONBody.invalid("the body must be a JSON object", param: nil)
    }
    var problems = FieldProblems()
    if let unknown = given.keys.filter({ !Self.fields.contains($0) }).min() {
      _ = try problems.noting {
        throw JSONBody.unknownField(unknown, known: Self.fields.sorted())
      }
    }
    // Many clients write null for what they do not set, as this server does.
    let members = given.filter { $0.value != .null }
    func read<Value>(_ field: String, _ body: (JSONValue) throws -> Value) throws -> Value? {
      guard let value = members[field] else { return nil }
      return try problems.noting { try body(value) }
    }

    let entries = try problems.noting { try Self.entries(members["classes"]) }
    let profile = try entries.flatMap { entries in
      try problems.noting { try ClassProfile(entries) }
    }
    baseModel = try read("base_model") { try Self.name($0, "base_model") }
    let target = try problems.noting { try Self.target(members["target"]) }
    device = try read("device") { value in
      let name = try Self.name(value, "device")
      switch target {
      case .milliseconds, nil: return name
      default: throw JSONBody.invalid("is only for a target of latency_ms", param: "device")
      }
    }
    let accelerator = try read("accelerator") { value in
      let accelerator = try Self.accelerator(Self.name(value, "accelerator"))
      guard target?.needsAccelerator != false else {
        throw JSONBody.invalid("is only for a target of cycles or energy_uj", param: "accelerator")
      }
      return accelerator
    }
    let minAccuracy = try read("min_accuracy") {
      try JSONBody.number($0, in: PruningRecipe.accuracies, param: "min_accuracy")
    }
    var recipe = PruningRecipe(
      pattern: try problems.noting { try Self.pattern(members) } ?? .standard,
      sparsity: PruningRecipe.defaultSparsity)
    if let overrides = members["recipe"] {
      try Self.override(&recipe, by: overrides, noting: &problems)
    }
    if let target {
      recipe.target = target
      if target.needsAccelerator { recipe.accelerator = accelerator ?? .standard }
    }
    recipe.minAccuracy = minAccuracy
    if let epochs = try read(
      "epochs", { try JSONBody.integer($0, in: PruningRecipe.epochs, param: "epochs") })
    {
      recipe.epochsPerIteration = epochs
    }
    if let seed = try read(
      "seed", { try JSONBody.integer($0, in: PruningRecipe.seeds, param: "seed") })
    {
      recipe.seed = seed
    }
    self.recipe = recipe
    if case .object(let overrides) = members["recipe"] {
      namesAugmentation = overrides["augmentation"] != nil
    } else {
      namesAugmentation = false
    }
    priority =
      try read("priority") { value in
        guard let priority = JobPriority(name: try Self.name(value, "priority")) else {
          throw JSONBody.invalid("must be low, normal or high", param: "priority")
        }
        return priority
      } ?? .normal
    requires = try read("requires") { try Self.labels($0) } ?? []
    metadata =
      try read("metadata") { value in
        guard case .object = value, JSONWriting.fits(value, in: Self.metadataLimit) else {
          throw JSONBody.invalid(
            "must be an object of at most \(Self.metadataLimit) bytes", param: "metadata")
        }
        return value
      } ?? .object([:])
    if !problems.all.isEmpty, let entries, let labels = labels(baseModel) {
      _ = try problems.noting {
        try ClassProfile.indices(of: entries.map(\.name), in: labels)
      }
    }
    if let summary = problems.summary { throw summary }
    // Without a problem there is one.
    self.profile = try profile ?? ClassProfile([])
  }

  /// Replaces single fields. Where that fails, each is tried by itself, so that all that are wrong are
  /// named.
  private static func override(
    _ recipe: inout PruningRecipe, by overrides: JSONValue, noting problems: inout FieldProblems
  ) throws {
    let standard = recipe
    let whole = {
      guard JSONWriting.fits(overrides, in: recipeLimit) else {
        throw PruningError.invalidRecipe(
          field: "recipe", reason: "must have at most \(recipeLimit) bytes")
      }
      return try standard.overridden(by: Data(JSONWriting.bytes(overrides)))
    }
    do { recipe = try whole() } catch {
      let before = problems.all.count
      if case .object(let fields) = overrides, JSONWriting.fits(overrides, in: recipeLimit) {
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) where !problems.isFull {
          _ = try problems.noting {
            try standard.overridden(by: Data(JSONWriting.bytes(.object([name: value]))))
          }
        }
      }
      // Fields that are right one by one and not together.
      if problems.all.count == before { _ = try problems.noting(whole) }
    }
  }

  /// Unless the request says otherwise, training images are changed as it suits the universal model.
  mutating func suit(_ universal: DenseModelHead) {
    guard !namesAugmentation else { return }
    recipe.augmentation = .usual(for: universal)
  }

  /// Whether the target is counted in what a device's profile predicts.
  var needsDevice: Bool { if case .milliseconds = recipe.target { true } else { false } }

  /// Gives the recipe the device that milliseconds are counted on.
  mutating func use(_ device: DeviceProfile) { recipe.device = device }

  private static func entries(_ value: JSONValue?) throws -> [ClassWeight] {
    guard case .array(let items) = value else {
      throw JSONBody.invalid(
        "must be a list of class names, or of {\"name\", \"weight\"}", param: "classes",
        code: value == nil ? "missing_field" : "invalid_field")
    }
    guard items.count <= classLimit else {
      throw JSONBody.invalid("must have at most \(classLimit) elements", param: "classes")
    }
    var entries: [ClassWeight] = []
    for (index, item) in items.enumerated() {
      let param = "classes[\(index)]"
      switch item {
      case .string(let name):
        entries.append(ClassWeight(name: name))
      case .object(let members):
        if let unknown = members.keys.filter({ $0 != "name" && $0 != "weight" }).min() {
          throw JSONBody.unknownField("\(param).\(unknown)", known: ["name", "weight"])
        }
        guard let name = members["name"]?.text else {
          throw JSONBody.invalid("must be a string", param: "\(param).name")
        }
        let weight = try JSONBody.number(
          members["weight"] ?? .integer(1), in: ClassProfile.weights, param: "\(param).weight")
        entries.append(ClassWeight(name: name, weight: weight))
      default:
        throw JSONBody.invalid("must be a string or an object with a name", param: param)
      }
    }
    for (index, entry) in entries.enumerated() where entry.name.utf8.count > classNameLimit {
      throw JSONBody.invalid(
        "must have at most \(classNameLimit) bytes of UTF-8", param: "classes[\(index)]")
    }
    return entries
  }

  private static func labels(_ value: JSONValue) throws -> [String] {
    guard case .array(let items) = value, items.count <= WorkerLabel.mostOfJob else {
      throw JSONBody.invalid(
        "must be a list of at most \(WorkerLabel.mostOfJob) labels", param: "requires")
    }
    var labels: [String] = []
    for (index, item) in items.enumerated() {
      guard let label = item.text, WorkerLabel.isName(label) else {
        throw JSONBody.invalid(
          "must be a label of 1 to \(WorkerLabel.longest) characters of a-z, 0-9, '.', '_' and '-'",
          param: "requires[\(index)]")
      }
      labels.append(label)
    }
    return WorkerLabel.sorted(labels)
  }

  private static func name(_ value: JSONValue, _ param: String) throws -> String {
    guard let name = value.text, name.utf8.count <= 256 else {
      throw JSONBody.invalid("must be a string of at most 256 bytes", param: param)
    }
    return name
  }

  private static func accelerator(_ name: String) throws -> Accelerator {
    do throws(AcceleratorError) { return try Accelerator(named: name) } catch {
      throw ProblemDetails(
        .unprocessableContent, code: error.code, detail: error.description, param: "accelerator",
        extensions: ["known": .strings(Accelerator.allCases.map(\.rawValue))])
    }
  }

  private static func pattern(_ members: [String: JSONValue]) throws -> HybridPattern {
    let pattern = members["pattern"] ?? .object([:])
    guard case .object(let parts) = pattern else {
      throw JSONBody.invalid("must be an object like {\"keep\":2,\"of\":4}", param: "pattern")
    }
    if let unknown = parts.keys.filter({ $0 != "keep" && $0 != "of" }).min() {
      throw JSONBody.unknownField("pattern.\(unknown)", known: ["keep", "of"])
    }
    let fallback = HybridPattern.standard
    func side(_ value: JSONValue?, _ param: String, otherwise: Int) throws -> Int {
      guard let value, value != .null else { return otherwise }
      return try JSONBody.integer(value, in: InputRange(1...1024), param: param)
    }
    let keep = try side(parts["keep"], "pattern.keep", otherwise: fallback.keep)
    let of = try side(parts["of"], "pattern.of", otherwise: fallback.of)
    let block = try side(members["block"], "block", otherwise: fallback.block)
    let rows = try side(members["rows"], "rows", otherwise: fallback.rows)
    do {
      return try HybridPattern(keep: keep, of: of, block: block, rows: rows)
    } catch {
      let goes = { block, rows in
        (try? HybridPattern(keep: fallback.keep, block: block, rows: rows)) != nil
      }
      let param =
        !goes(block, fallback.rows) ? "block" : !goes(fallback.block, rows) ? "rows" : "pattern"
      let reason = if case .invalidPattern(let reason) = error { reason } else { error.description }
      throw JSONBody.invalid("is not possible: \(reason)", param: param)
    }
  }

  /// A recipe with milliseconds is given its device's profile later.
  private static func target(_ target: JSONValue?) throws -> PruningTarget {
    guard let target else { return .sparsity(PruningRecipe.defaultSparsity) }
    guard case .object(let members) = target, members.count == 1, let kind = members.keys.first,
      let value = members[kind]
    else {
      throw JSONBody.invalid(
        "must be an object with one member, like {\"sparsity\":0.9}", param: "target")
    }
    let param = "target.\(kind)"
    switch kind {
    case "sparsity":
      return .sparsity(try JSONBody.number(value, in: PruningTarget.sparsities, param: param))
    case "bytes":
      return .bytes(try JSONBody.integer(value, in: PruningTarget.counts, param: param))
    case "macs":
      return .multiplyAccumulates(
        try JSONBody.integer(value, in: PruningTarget.counts, param: param))
    case "latency_ms":
      return .milliseconds(try JSONBody.number(value, in: PruningTarget.times, param: param))
    case "cycles":
      return .cycles(try JSONBody.integer(value, in: PruningTarget.counts, param: param))
    case "energy_uj":
      return .microjoules(try JSONBody.number(value, in: PruningTarget.energies, param: param))
    default:
      throw JSONBody.unknownField("target.\(kind)", known: PruningTarget.names.sorted())
    }
  }
}
