import Foundation
import ServiceAPI

/// Bodies of `POST /users/{user}/classes` that suit the toy network.
enum JobBody {
  /// Two classes, done in a fraction of a second.
  static let quick = body()
  /// Many minutes of dense fine-tuning: runs until somebody stops it, before its first checkpoint.
  static let endless = body(
    seed: 900, recipe: ["dense_epochs": 1000, "samples_per_class": 10_000])

  /// Some two seconds of work in many iterations, each with a checkpoint.
  static func long(seed: Int = 0) -> JSONValue {
    body(seed: seed, recipe: ["iterations": 60, "samples_per_class": 256, "final_epochs": 4])
  }

  static func body(
    classes: JSONValue = ["top left", "middle"], sparsity: Double = 0.8, seed: Int = 0,
    recipe: [String: JSONValue] = [:], and others: [String: JSONValue] = [:]
  ) -> JSONValue {
    var settings: [String: JSONValue] = [
      "iterations": 2, "dense_epochs": 1, "final_epochs": 2, "samples_per_class": 64,
      "batch_size": 16, "saliency_batches": 2, "learning_rate": 0.01,
      "augmentation": ["flip": false, "shift": 0],
    ]
    settings.merge(recipe) { _, new in new }
    var members: [String: JSONValue] = [
      "classes": classes, "block": 8, "target": ["sparsity": .number(sparsity)],
      "seed": .integer(Int64(seed)), "recipe": .object(settings),
    ]
    members.merge(others) { _, new in new }
    return .object(members)
  }
}

extension JSONValue: ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByNilLiteral
{
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// An integer.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Null.
  public init(nilLiteral: ()) { self = .null }
  /// True or false.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A list.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object; the first of equal names counts.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { first, _ in first }))
  }
}
