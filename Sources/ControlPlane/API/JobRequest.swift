import ClassWeights
import Datasets
import Foundation
import HTTPServer
import HTTPTypes
import JobContract
import ModelFormats
import Pruning
import ServiceAPI

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

  private static let fields: Set = [
    "classes", "base_model", "pattern", "block", "rows", "target", "device", "min_accuracy",
    "epochs", "seed", "recipe", "metadata", "priority",
  ]
  /// Bytes of JSON that a request may carry along.
  private static let metadataLimit = 4096
  /// Bytes of a class name; longer ones would come back several times in the answer.
  private static let classNameLimit = 256
  init(_ body: [UInt8]) throws {
    let json = try JSONBody.parse(body)
    guard case .object(let given) = json else {
      throw JSONBody.invalid("the body must be a JSON object", param: nil)
    }
    if let unknown = given.keys.sorted().first(where: { !Self.fields.contains($0) }) {
      throw JSONBody.unknownField(unknown, known: Self.fields.sorted())
    }
    // Many clients write null for what they do not set, as this server does.
    let members = given.filter { $0.value != .null }
    profile = try Self.profile(members["classes"])
    baseModel = try members["base_model"].map {
      guard let name = $0.text else {
        throw JSONBody.invalid("must be a string", param: "base_model")
      }
      return name
    }
    let target = try Self.target(members["target"])
    device = try members["device"].map { value in
      guard let name = value.text else {
        throw JSONBody.invalid("must be a string", param: "device")
      }
      guard case .milliseconds = target else {
        throw JSONBody.invalid("goes with a target of latency_ms only", param: "device")
      }
      return name
    }
    let minAccuracy = try members["min_accuracy"].map { value in
      guard let share = value.double, share > 0, share <= 1 else {
        throw JSONBody.invalid("must be a number in 0 < accuracy ≤ 1", param: "min_accuracy")
      }
      return share
    }
    var recipe = PruningRecipe(
      pattern: try Self.pattern(members), sparsity: PruningRecipe.defaultSparsity)
    if let overrides = members["recipe"] {
      recipe = try recipe.overridden(by: JSONEncoder().encode(overrides))
    }
    recipe.target = target
    recipe.minAccuracy = minAccuracy
    if let epochs = try Self.integer(members["epochs"], "epochs", 0...1000) {
      recipe.epochsPerIteration = epochs
    }
    if let seed = try Self.integer(members["seed"], "seed", 0...Int.max) {
      recipe.seed = UInt64(seed)
    }
    self.recipe = recipe
    if case .object(let overrides) = members["recipe"] {
      namesAugmentation = overrides["augmentation"] != nil
    } else {
      namesAugmentation = false
    }
    priority =
      try members["priority"].map { value in
        guard let priority = value.text.flatMap(JobPriority.init(name:)) else {
          throw JSONBody.invalid("must be low, normal or high", param: "priority")
        }
        return priority
      } ?? .normal
    metadata = members["metadata"] ?? .object([:])
    guard case .object = metadata, try JSONEncoder().encode(metadata).count <= Self.metadataLimit
    else {
      throw JSONBody.invalid(
        "must be an object of at most \(Self.metadataLimit) bytes", param: "metadata")
    }
  }

  /// Unless the request says otherwise, training images are changed as it suits the universal model.
  mutating func suit(_ universal: DenseModel) {
    guard !namesAugmentation else { return }
    recipe.augmentation = .usual(for: universal)
  }

  /// Whether the target is counted in what a device's profile predicts.
  var needsDevice: Bool { if case .milliseconds = recipe.target { true } else { false } }

  /// Gives the recipe the device that milliseconds are counted on.
  mutating func use(_ device: DeviceProfile) { recipe.device = device }

  private static func profile(_ value: JSONValue?) throws -> ClassProfile {
    guard case .array(let items) = value else {
      throw JSONBody.invalid(
        "must be a list of class names, or of {\"name\", \"weight\"}", param: "classes",
        code: value == nil ? "missing_field" : "invalid_field")
    }
    var entries: [ClassWeight] = []
    for (index, item) in items.enumerated() {
      let param = "classes[\(index)]"
      switch item {
      case .string(let name):
        entries.append(ClassWeight(name: name))
      case .object(let members):
        if let unknown = members.keys.sorted().first(where: { $0 != "name" && $0 != "weight" }) {
          throw JSONBody.unknownField("\(param).\(unknown)", known: ["name", "weight"])
        }
        guard let name = members["name"]?.text else {
          throw JSONBody.invalid("must be a string", param: "\(param).name")
        }
        guard let weight = (members["weight"] ?? .integer(1)).double, weight > 0, weight.isFinite
        else { throw JSONBody.invalid("must be a positive number", param: "\(param).weight") }
        entries.append(ClassWeight(name: name, weight: weight))
      default:
        throw JSONBody.invalid("must be a string or an object with a name", param: param)
      }
    }
    for (index, entry) in entries.enumerated() where entry.name.utf8.count > classNameLimit {
      throw JSONBody.invalid(
        "must have at most \(classNameLimit) bytes of UTF-8", param: "classes[\(index)]")
    }
    return try ClassProfile(entries)
  }

  private static func pattern(_ members: [String: JSONValue]) throws -> HybridPattern {
    let pattern = members["pattern"] ?? .object([:])
    guard case .object(let parts) = pattern else {
      throw JSONBody.invalid("must be an object like {\"keep\":2,\"of\":4}", param: "pattern")
    }
    if let unknown = parts.keys.sorted().first(where: { $0 != "keep" && $0 != "of" }) {
      throw JSONBody.unknownField("pattern.\(unknown)", known: ["keep", "of"])
    }
    let fallback = HybridPattern.standard
    let bounds = 1...1024
    let keep = try integer(parts["keep"], "pattern.keep", bounds) ?? fallback.keep
    let of = try integer(parts["of"], "pattern.of", bounds) ?? fallback.of
    let block = try integer(members["block"], "block", bounds) ?? fallback.block
    let rows = try integer(members["rows"], "rows", bounds) ?? fallback.rows
    do {
      return try HybridPattern(keep: keep, of: of, block: block, rows: rows)
    } catch {
      let goes = { block, rows in
        (try? HybridPattern(keep: fallback.keep, block: block, rows: rows)) != nil
      }
      let param =
        !goes(block, fallback.rows) ? "block" : !goes(fallback.block, rows) ? "rows" : "pattern"
      let reason = if case .invalidPattern(let reason) = error { reason } else { error.description }
      throw JSONBody.invalid(
        "does not go: \(reason)", param: param)
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
    func count() throws -> Int {
      guard let count = try integer(value, "target.\(kind)", 1...Int.max) else {
        throw JSONBody.invalid("must be a positive integer", param: "target.\(kind)")
      }
      return count
    }
    switch kind {
    case "sparsity":
      guard let sparsity = value.double, sparsity >= 0, sparsity < 1 else {
        throw JSONBody.invalid("must be a number in 0 ≤ sparsity < 1", param: "target.sparsity")
      }
      return .sparsity(sparsity)
    case "bytes": return .bytes(try count())
    case "macs": return .multiplyAccumulates(try count())
    case "latency_ms":
      guard let time = value.double, time > 0, time.isFinite else {
        throw JSONBody.invalid("must be a positive number", param: "target.latency_ms")
      }
      return .milliseconds(time)
    default:
      throw JSONBody.unknownField(
        "target.\(kind)", known: ["bytes", "latency_ms", "macs", "sparsity"])
    }
  }

  private static func integer(_ value: JSONValue?, _ param: String, _ bounds: ClosedRange<Int>)
    throws -> Int?
  {
    guard let value, value != .null else { return nil }
    guard case .integer(let number) = value, bounds.contains(Int(number)) else {
      throw JSONBody.invalid(
        "must be an integer from \(bounds.lowerBound) to \(bounds.upperBound)", param: param)
    }
    return Int(number)
  }
}
