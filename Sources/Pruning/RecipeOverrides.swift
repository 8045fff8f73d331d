import Accelerators
import Foundation
import Inputs
import ModelFormats

extension PruningRecipe {
  /// The recipe with single fields replaced by those of a JSON object, for example
  /// `{"iterations": 8, "final_epochs": 10}`; null leaves a field as it is. What is
  /// ``elsewhere`` has its own spelling wherever recipes are asked for, so it is not accepted here. Throws
  /// `invalidRecipe` with the field's name.
  public func overridden(by json: Data) throws(PruningError) -> PruningRecipe {
    do throws(JSONFault) {
      // Stricter than Foundation's parser, which takes numbers that are infinite.
      try JSONReader.check(Array(json), limits: .stored)
    } catch {
      throw .invalidRecipe(
        field: "recipe", reason: "is not JSON: \(error.reason) (byte \(error.offset))")
    }
    do {
      let encoded = try JSONSerialization.jsonObject(with: JSONEncoder().encode(self))
      guard var members = encoded as? [String: Any] else { return self }
      guard let changes = try JSONSerialization.jsonObject(with: json) as? [String: Any] else {
        throw PruningError.invalidRecipe(field: "recipe", reason: "must be a JSON object")
      }
      for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
        guard CodingKeys(rawValue: name) != nil else {
          let known = CodingKeys.allCases.map(\.rawValue).filter { !Self.elsewhere.contains($0) }
          throw PruningError.invalidRecipe(
            field: "recipe.\(name)",
            reason: "is not a known field; known are \(known.sorted().joined(separator: ", "))")
        }
        guard !Self.elsewhere.contains(name) else {
          throw PruningError.invalidRecipe(
            field: "recipe.\(name)", reason: "is given beside the recipe, not in it")
        }
        if !(value is NSNull) { members[name] = value }
      }
      let merged = try JSONSerialization.data(withJSONObject: members)
      let recipe = try JSONDecoder().decode(PruningRecipe.self, from: merged)
      try recipe.validate()
      return recipe
    } catch let error as PruningError {
      throw error
    } catch let error as DecodingError {
      throw .invalidRecipe(
        field: "recipe\(error.fieldPath)",
        reason: error.field.flatMap { CodingKeys(rawValue: $0) }.map(Self.expectation)
          ?? "is not what it can be")
    } catch {
      throw .invalidRecipe(field: "recipe", reason: "is not JSON")
    }
  }

  /// Members that requests and options spell beside the recipe's single fields.
  public static let elsewhere: Set = [
    "pattern", "target", "min_accuracy", "device", "accelerator", "seed",
  ]

  /// What the value of a field must be.
  private static func expectation(_ field: CodingKeys) -> String {
    func oneOf<Choice: CaseIterable & RawRepresentable>(_: Choice.Type) -> String
    where Choice.RawValue == String {
      "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))"
    }
    return switch field {
    case .pattern, .target, .device: "must be an object"
    case .accelerator: oneOf(Accelerator.self)
    case .method: oneOf(PruningMethod.self)
    case .criterion: oneOf(PruningCriterion.self)
    case .tiles: oneOf(TileOrder.self)
    case .cost: oneOf(RankColumnCost.self)
    case .scale: oneOf(ScoreScale.self)
    case .sampling: oneOf(ClassSampling.self)
    case .teacherScope: oneOf(TeacherScope.self)
    case .growth: oneOf(Growth.self)
    case .precision: oneOf(PrecisionChoice.self)
    case .storage: oneOf(ModelFormats.Precision.self)
    case .straightThrough: "must be true or false"
    case .augmentation: #"must be an object like {"flip": true, "shift": 2}"#
    case .iterations, .epochsPerIteration, .denseEpochs, .finalEpochs, .samplesPerClass,
      .batchSize, .saliencyBatches, .seed:
      "must be an integer"
    case .minAccuracy, .learningRate, .weightDecay, .maskedDecay, .distillation, .temperature:
      "must be a number"
    }
  }
}

extension DecodingError {
  /// The document's member that the error lies in.
  fileprivate var field: String? { path.first?.stringValue }

  /// Where in the document the error lies, as `.name` parts.
  fileprivate var fieldPath: String { path.map { ".\($0.stringValue)" }.joined() }

  private var path: [any CodingKey] {
    let context: Context? =
      switch self {
      case .typeMismatch(_, let context), .valueNotFound(_, let context),
        .keyNotFound(_, let context), .dataCorrupted(let context):
        context
      @unknown default: nil
      }
    return context?.codingPath ?? []
  }
}
