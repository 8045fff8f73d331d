import ClassWeights
import Digests

/// A submission whose fields are checked and in the form of their columns.
package struct CheckedSubmission {
  package let user: String
  package let fingerprint: String
  package let baseModel: String
  private let baseDigest: SHA256Digest?
  package let classes: [ClassWeight]
  package let classesText: String
  package let profile: String
  package let recipe: String
  package let seed: Int64
  package let metadata: String
  package let priority: Int
  package let estimate: String?
  package let cost: Int
  package let memoryEstimate: Int64?
  package let requires: String
  package let idempotencyKey: IdempotencyKey?
  package let limits: QueueLimits

  /// What is stored of it for good.
  package var bytes: Int {
    [profile, recipe, metadata, estimate ?? ""].reduce(0) { $0 + $1.utf8.count }
  }

  /// Compares with the digest of the base model as it is in the transaction; nil for none.
  /// - Throws: ``StoreError/notFound(_:_:)``, ``StoreError/replaced(_:_:)``.
  package func requireBaseModel(_ digest: SHA256Digest?) throws {
    guard let digest else { throw StoreError.notFound(.baseModel, baseModel) }
    guard baseDigest.map({ $0 == digest }) ?? true else {
      throw StoreError.replaced(.baseModel, baseModel)
    }
  }

  package init(_ submission: Submission) throws {
    guard StoreRules.priorities.contains(Int64(submission.priority)) else {
      throw StoreError.invalidValue(field: "priority", reason: "is beyond any that is used")
    }
    user = submission.user.text
    fingerprint = submission.fingerprint.hex
    baseModel = submission.baseModel
    baseDigest = submission.baseDigest
    classes = submission.classes
    classesText = try JSONColumn.text(encoding: submission.classes, field: "classes")
    profile = try JSONColumn.text(submission.profile, field: "profile")
    recipe = try JSONColumn.text(submission.recipe, field: "recipe")
    seed = Int64(bitPattern: submission.seed)
    metadata = try JSONColumn.text(submission.metadata, field: "metadata")
    priority = submission.priority
    estimate = try submission.estimate.map { try JSONColumn.text($0, field: "estimate") }
    cost = min(max(1, submission.cost), StoreRules.largestCost)
    memoryEstimate = submission.memoryEstimate.map { max(0, $0) }
    requires = try WorkerLabel.text(required: submission.requires)
    idempotencyKey = submission.idempotencyKey
    limits = submission.limits
    if let idempotencyKey {
      try FieldText.validate(idempotencyKey.text, field: "idempotency key")
    }
  }
}
