import Digests
import Foundation

/// One more format of a model.
public struct NewModelFile: Equatable, Sendable {
  /// The format's or file's name, unique within the model.
  public var name: String
  /// The file's bytes, stored before.
  public var blob: SHA256Digest
  /// The file's media type.
  public var mediaType: String

  /// A further file.
  public init(name: String, blob: SHA256Digest, mediaType: String) {
    self.name = name
    self.blob = blob
    self.mediaType = mediaType
  }
}

/// What a worker hands in to finish a job.
public struct NewModel: Equatable, Sendable {
  /// The packed file, stored before.
  public var blob: SHA256Digest
  /// Class names in output order.
  public var labels: [String]
  /// The model's card as JSON; opaque here.
  public var card: Data
  /// Anything else as JSON; opaque here.
  public var metadata: Data
  /// Other formats.
  public var files: [NewModelFile]

  /// A model; the store validates it when published.
  public init(
    blob: SHA256Digest, labels: [String], card: Data, metadata: Data = Data("{}".utf8),
    files: [NewModelFile] = []
  ) {
    self.blob = blob
    self.labels = labels
    self.card = card
    self.metadata = metadata
    self.files = files
  }
}

/// One more format of a published model.
public struct ModelFileRecord: Equatable, Sendable {
  /// The format's or file's name.
  public let name: String
  /// The file's bytes.
  public let blob: BlobRecord
  /// The file's media type.
  public let mediaType: String

  /// All fields.
  package init(
    name: String, blob: BlobRecord, mediaType: String
  ) {
    self.name = name
    self.blob = blob
    self.mediaType = mediaType
  }
}

/// A published model.
public struct ModelRecord: Equatable, Sendable {
  /// The model's name.
  public let id: ModelID
  /// Digest of the request it answers.
  public let fingerprint: SHA256Digest
  /// The job that made it.
  public let job: JobID
  /// The base model it was pruned from.
  public let baseModel: String
  /// The packed file.
  public let blob: BlobRecord
  /// Class names in output order; in lists the first ``ShortRows/elements``.
  public let labels: [String]
  /// Classes of the model.
  public let labelCount: Int
  /// The model's card as JSON; in lists, where there are more labels, without what it says of each.
  public let card: Data
  /// Anything else as JSON.
  public let metadata: Data
  /// Other formats, by name.
  public let files: [ModelFileRecord]
  /// When it was published.
  public var createdAt: Date

  /// All fields.
  package init(
    id: ModelID, fingerprint: SHA256Digest, job: JobID, baseModel: String, blob: BlobRecord,
    labels: [String], labelCount: Int, card: Data, metadata: Data, files: [ModelFileRecord],
    createdAt: Date
  ) {
    self.id = id
    self.fingerprint = fingerprint
    self.job = job
    self.baseModel = baseModel
    self.blob = blob
    self.labels = labels
    self.labelCount = labelCount
    self.card = card
    self.metadata = metadata
    self.files = files
    self.createdAt = createdAt
  }
}

/// Which models to list. Empty lists all.
public struct ModelFilter: Equatable, Sendable {
  /// Only models this user has.
  public var user: UserID?

  /// A filter on the user, or none.
  public init(user: UserID? = nil) {
    self.user = user
  }
}
