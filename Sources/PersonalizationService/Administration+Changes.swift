import ControlPlane
import Foundation
import JobContract
import ModelFormats
import Store

// What an operator changes from day to day, server running or not.
extension Administration {
  // MARK: Jobs

  /// Lets no job begin, on any server, or lets them again; says what was done.
  public func setQueuePaused(_ isPaused: Bool) throws -> String {
    let isNew = try store.setQueuePaused(isPaused)
    guard isPaused else {
      return isNew ? "the queue goes on" : "nothing to do: the queue was not paused"
    }
    return isNew
      ? "the queue is paused: requests are accepted, jobs that run go on, and none begins until "
        + "crisp-server queue resume"
      : "nothing to do: the queue is paused"
  }

  /// Stops a job for everyone who waits for it; says what became of it.
  public func cancelJob(_ text: String) throws -> String {
    let job = try store.requestCancel(Self.job(text))
    return job.status.isFinished
      ? "\(job.id) is \(job.status.rawValue)"
      : "\(job.id) ends when its worker is heard of next, within a third of its lease"
  }

  /// Asks again, in the name of its owner, for what a job that failed or was cancelled was to make; says how
  /// that was answered.
  public func retryJob(_ text: String) throws -> String {
    let job = try store.job(Self.job(text))
    guard job.status == .failed || job.status == .cancelled else {
      throw StoreError.invalidValue(
        field: "\(job.id)",
        reason: "is \(job.status.rawValue): only failed and cancelled jobs are asked for again")
    }
    guard let owner = job.owner else {
      throw StoreError.invalidValue(
        field: "\(job.id)", reason: "is nobody's any more: its user was deleted")
    }
    let baseModel = try store.baseModel(job.baseModel).record
    let dataset = try store.dataset(baseModel.dataset).record
    let specification = try JobSpecification(profile: job.profile, recipe: job.recipe)
    // The profile has to suit the base model as it is now.
    _ = try specification.profile.indices(in: baseModel.labels)
    let documents = try specification.documents()
    let estimate = job.runEstimate
    let outcome = try store.submit(
      Submission(
        user: owner,
        fingerprint: documents.fingerprint(
          baseModel: baseModel.digest, dataset: dataset.digest),
        baseModel: baseModel.name, baseDigest: baseModel.digest,
        classes: specification.profile.entries,
        profile: documents.profile,
        recipe: documents.recipe, seed: job.seed, metadata: job.metadata, priority: job.priority,
        estimate: job.estimate,
        cost: Int(min(max(1, (estimate?.seconds ?? 1).rounded()), 1e9)),
        memoryEstimate: estimate.map { Int64($0.memoryBytes) }, requires: job.requires,
        limits: QueueLimits(total: .max, perUser: .max)))
    switch outcome {
    case .existing(let made, let model): return "\(made.id) has made it meanwhile: \(model.id)"
    case .joined(let open): return "\(open.id) is \(open.status.rawValue) for it already"
    case .created(let next): return "\(next.id) is queued"
    }
  }

  private static func job(_ text: String) throws -> JobID {
    guard let id = JobID(rawValue: text) else { throw StoreError.notFound(.job, text) }
    return id
  }

  /// Deletes a model for everyone, or takes it from one user; says what became of it.
  public func removeModel(_ text: String, from user: String? = nil) throws -> String {
    guard let id = ModelID(rawValue: text) else { throw StoreError.notFound(.model, text) }
    return try store.removeModel(id, from: user.map { try UserID($0) })
      ? "deleted \(id)" : "\(id) is kept for others who have it"
  }

  // MARK: What is registered

  /// A registered base model as lists show it.
  public struct ListedBaseModel: Encodable, Sendable {
    /// Its name.
    public let name: String
    /// The network's kind.
    public let architecture: String
    /// Its data set.
    public let dataset: String
    /// How many classes it knows.
    public let classes: Int
    /// Learned weights.
    public let parameters: Int64
    /// SHA-256 of its file.
    public let sha256: String
    /// Whether it is the one of requests that name none.
    public let isDefault: Bool
    /// Models that were made of it.
    public let models: Int
    /// Bytes of those.
    public let bytes: Int64

    private enum CodingKeys: String, CodingKey {
      case name, architecture, dataset, classes, parameters, sha256
      case isDefault = "default"
      case models, bytes
    }

    /// The same for people.
    public var text: String {
      "\(name)\(isDefault ? "  (default)" : "")  \(architecture)  \(classes) classes of \(dataset)  "
        + "\(parameters) parameters  \(models) models, \(bytes) bytes"
    }
  }

  /// All base models by name.
  public func baseModels() throws -> [ListedBaseModel] {
    let standard = try store.defaultBaseModel()
    let uses = Dictionary(
      try store.diskUse(by: .baseModel, limit: 1000).map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    return try store.baseModels().map(\.record).map { model in
      ListedBaseModel(
        name: model.name, architecture: model.architecture, dataset: model.dataset,
        classes: model.labels.count, parameters: model.parameterCount, sha256: model.digest.hex,
        isDefault: model.name == standard, models: uses[model.name]?.models ?? 0,
        bytes: uses[model.name]?.bytes ?? 0)
    }
  }

  /// Puts another file in the place of a base model; says what it is now and how it does.
  public func replaceBaseModel(name: String, file: String, architecture: String?) throws -> String {
    let record = try Registration(store: store, cache: cache).replaceBaseModel(
      name: name, file: Self.contents(of: file), source: file,
      folder: ModelFolder(ofFileAt: file), architecture: architecture)
    return "replaced \(described(record))"
  }

  /// Forgets a base model; says what went with it.
  /// - Parameter withModels: Whether the models that were made of it go too, whoever has them.
  public func removeBaseModel(name: String, withModels: Bool) throws -> String {
    let models = try store.removeBaseModel(name, withModels: withModels)
    return "removed base model '\(name)'" + (models > 0 ? " and \(models) models made of it" : "")
  }

  /// A registered data set as lists show it.
  public struct ListedDataset: Encodable, Sendable {
    /// Its name.
    public let name: String
    /// The kind of its files.
    public let format: String
    /// Where its files are.
    public let path: String
    /// How many classes it has.
    public let classes: Int
    /// SHA-256 of its content.
    public let sha256: String
    /// Base models that need it.
    public let baseModels: [String]

    private enum CodingKeys: String, CodingKey {
      case name, format, path, classes, sha256
      case baseModels = "base_models"
    }

    /// The same for people.
    public var text: String {
      let needed =
        baseModels.isEmpty ? "not needed" : "needed by \(baseModels.joined(separator: ", "))"
      return "\(name)  \(format)  \(path)  \(classes) classes  \(needed)"
    }
  }

  /// All data sets by name.
  public func datasets() throws -> [ListedDataset] {
    let users = Dictionary(grouping: try store.baseModels().map(\.record), by: \.dataset)
    return try store.datasets().map(\.record).map { dataset in
      ListedDataset(
        name: dataset.name, format: dataset.format, path: dataset.path,
        classes: dataset.classes.count, sha256: dataset.digest.hex,
        baseModels: (users[dataset.name] ?? []).map(\.name))
    }
  }

  /// Says that a data set's files are at another path now, after reading them there; says what was done.
  public func moveDataset(name: String, to path: String) throws -> String {
    let record = try Registration(store: store, cache: cache).moveDataset(name: name, to: path)
    return "data set '\(name)' is at \(record.path) now, with the same content"
  }

  /// Forgets a data set, whose files stay; says what was done.
  public func removeDataset(name: String) throws -> String {
    let path = try store.dataset(name).record.path
    try store.removeDataset(name)
    return "removed data set '\(name)'; its files stay at \(path)"
  }

  // MARK: Space

  /// Gives free space back to the file system; says what was done.
  public func compact() throws -> String {
    guard let file else {
      return
        "nothing to do: PostgreSQL uses freed space again by itself (autovacuum); to give it back to "
        + "the file system, its administrator runs VACUUM FULL while nothing else works on it"
    }
    let (before, after) = try file.compact()
    return "\(file.path) has \(after) bytes, \(max(0, before - after)) fewer than before"
  }
}
