/// Whose the bytes of models are.
public enum DiskOwner: String, CaseIterable, Sendable {
  /// The users' who have them. What several have counts for each.
  case user
  /// The base models' that they were made of.
  case baseModel = "base-model"
}

/// How much one of them takes.
public struct DiskUse: Equatable, Sendable {
  /// The user's id or the base model's name.
  public let name: String
  /// Models.
  public let models: Int
  /// Bytes of their files, in all formats.
  public let bytes: Int64

  /// All fields.
  package init(name: String, models: Int, bytes: Int64) {
    self.name = name
    self.models = models
    self.bytes = bytes
  }
}

/// What the bytes that are stored belong to, in bytes.
public struct StoredSizes: Equatable, Sendable {
  /// Tailored models, in all formats.
  public let models: Int64
  /// Base models.
  public let baseModels: Int64
  /// Checkpoints of jobs that wait or run.
  public let checkpoints: Int64

  /// All fields.
  package init(models: Int64, baseModels: Int64, checkpoints: Int64) {
    self.models = models
    self.baseModels = baseModels
    self.checkpoints = checkpoints
  }
}
