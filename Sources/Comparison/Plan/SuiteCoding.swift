import ClassWeights
import Datasets
import Foundation
import Inputs
import Pruning
import ServiceAPI

extension Suite {
  /// Reads a suite file (its format is in `crisp compare --help`). Throws `invalidSuite` with the
  /// field at fault; a field that is not known is at fault, since it would silently do nothing.
  public init(json: Data) throws(ComparisonError) {
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONValue(json: Array(json), limits: .stored)
    } catch {
      throw .invalidSuite(field: "(file)", reason: "is not JSON: \(error.text(in: Array(json)))")
    }
    let suite = try SuiteReader(value, "").members(["model", "data", "set_seed", "groups"])
    guard let groups = suite["groups"] else {
      throw .invalidSuite(field: "groups", reason: "is missing")
    }
    self.init(
      model: try suite["model"]?.text(), data: try suite["data"]?.text(),
      setSeed: try suite["set_seed"]?.seed() ?? 0,
      groups: try groups.list().map { reader throws(ComparisonError) in try Group(reader) })
  }
}

extension Suite.Group {
  fileprivate init(_ reader: SuiteReader) throws(ComparisonError) {
    let fields = try reader.members([
      "name", "figure", "variants", "sets", "sparsities", "seeds", "recipe",
    ])
    guard let name = fields["name"] else { throw reader.invalid("needs a 'name'") }
    guard let sets = fields["sets"] else { throw reader.invalid("needs 'sets' of classes") }
    self.init(name: try name.text(), sets: try Suite.Sets.read(sets))
    if let figure = fields["figure"] { self.figure = try figure.text() }
    if let variants = fields["variants"] {
      self.variants = try variants.list().map { reader throws(ComparisonError) in
        try Variant(reader)
      }
    }
    if let sparsities = fields["sparsities"] { self.sparsities = try sparsities.sparsities() }
    if let seeds = fields["seeds"] {
      self.seeds = try seeds.list().map { reader throws(ComparisonError) in try reader.seed() }
    }
    if let recipe = fields["recipe"] { self.recipe = try recipe.object() }
  }
}

extension Variant {
  /// A standard variant's name, or name, recipe and sparsities.
  fileprivate init(_ reader: SuiteReader) throws(ComparisonError) {
    if case .string(let name) = reader.value {
      guard let known = Variant.standard.first(where: { $0.name == name }) else {
        let names = Variant.standard.map { "'\($0.name)'" }.joined(separator: ", ")
        throw reader.invalid("'\(name)' is not a standard variant; those are \(names)")
      }
      self = known
      return
    }
    let fields = try reader.members(["name", "recipe", "sparsities"])
    guard let name = fields["name"] else { throw reader.invalid("needs a 'name'") }
    self.init(try name.text())
    if let recipe = fields["recipe"] { self.recipe = try recipe.object() }
    if let sparsities = fields["sparsities"] { self.sparsities = try sparsities.sparsities() }
  }
}

extension Suite.Sets {
  /// One `{"random": …}`, or a list of those and of lists of classes.
  fileprivate static func read(_ reader: SuiteReader) throws(ComparisonError) -> [Suite.Sets] {
    if case .object = reader.value { return [try random(reader)] }
    return try reader.list().map { reader throws(ComparisonError) in
      if case .object = reader.value { return try random(reader) }
      return .given(
        try reader.list().map { entry throws(ComparisonError) in
          if case .string(let name) = entry.value { return ClassWeight(name: name) }
          let fields = try entry.members(["name", "weight"])
          guard let name = fields["name"] else { throw entry.invalid("needs a 'name'") }
          return ClassWeight(
            name: try name.text(),
            weight: try fields["weight"]?.number(in: ClassProfile.weights) ?? 1)
        })
    }
  }

  private static func random(_ reader: SuiteReader) throws(ComparisonError) -> Suite.Sets {
    guard let random = try reader.members(["random"])["random"] else {
      throw reader.invalid("must be a list of classes or {\"random\": {\"size\", \"count\"}}")
    }
    let fields = try random.members(["size", "count"])
    guard let size = fields["size"], let count = fields["count"] else {
      throw random.invalid("needs 'size' and 'count'")
    }
    return .random(
      size: try size.integer(in: Suite.Sets.sizes), count: try count.integer(in: Suite.Sets.counts))
  }
}

/// A value of a suite file and where it stands.
private struct SuiteReader {
  let value: JSONValue
  private let path: String

  init(_ value: JSONValue, _ path: String) {
    self.value = value
    self.path = path
  }

  func invalid(_ reason: String) -> ComparisonError {
    .invalidSuite(field: path.isEmpty ? "(file)" : path, reason: reason)
  }

  func object() throws(ComparisonError) -> [String: JSONValue] {
    guard case .object(let members) = value else { throw invalid("must be an object") }
    return members
  }

  func members(_ known: [String]) throws(ComparisonError) -> [String: SuiteReader] {
    let members = try object()
    var readers: [String: SuiteReader] = [:]
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      let place = path.isEmpty ? name : "\(path).\(name)"
      guard known.contains(name) else {
        throw .invalidSuite(
          field: place, reason: "is not a known field; known are \(known.joined(separator: ", "))")
      }
      readers[name] = SuiteReader(value, place)
    }
    return readers
  }

  func list() throws(ComparisonError) -> [SuiteReader] {
    guard case .array(let values) = value, !values.isEmpty else {
      throw invalid("must be a list with at least one entry")
    }
    return values.enumerated().map { SuiteReader($1, "\(path)[\($0)]") }
  }

  func text() throws(ComparisonError) -> String {
    guard let text = value.text, !text.isEmpty else { throw invalid("must be a text") }
    return text
  }

  func number(in range: InputRange<Double>) throws(ComparisonError) -> Double {
    guard let number = value.double, range.contains(number) else {
      throw invalid("\(range.requirement()), a number")
    }
    return number
  }

  func sparsities() throws(ComparisonError) -> [Double] {
    var numbers: [Double] = []
    for entry in try list() { numbers.append(try entry.number(in: PruningTarget.sparsities)) }
    return numbers
  }

  func integer(in range: InputRange<Int>) throws(ComparisonError) -> Int {
    guard case .integer(let number) = value, let result = Int(exactly: number),
      range.contains(result)
    else { throw invalid("\(range.requirement()), a whole number") }
    return result
  }

  func seed() throws(ComparisonError) -> UInt64 {
    guard case .integer(let number) = value, let seed = UInt64(exactly: number),
      PruningRecipe.seeds.contains(seed)
    else { throw invalid("\(PruningRecipe.seeds.requirement()), a whole number") }
    return seed
  }
}
