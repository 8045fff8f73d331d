import Digests

/// How much the store holds.
public struct StoreStatistics: Equatable, Sendable {
  /// Number of users.
  public let users: Int
  /// Number of jobs of each status; every status is present.
  public let jobs: [JobStatus: Int]
  /// Number of models.
  public let models: Int
  /// Number of blobs.
  public let blobs: Int
  /// Bytes in all blobs.
  public let blobBytes: Int64
  /// Size of the database file, without its write-ahead log.
  public let databaseBytes: Int64

  /// All fields.
  package init(
    users: Int, jobs: [JobStatus: Int], models: Int, blobs: Int, blobBytes: Int64,
    databaseBytes: Int64
  ) {
    self.users = users
    self.jobs = jobs
    self.models = models
    self.blobs = blobs
    self.blobBytes = blobBytes
    self.databaseBytes = databaseBytes
  }
}

/// What a check of the whole store found.
public struct StoreReport: Equatable, Sendable {
  /// Messages of `PRAGMA integrity_check`, other than "ok".
  public let integrityErrors: [String]
  /// Where the schema is not what the migrations make.
  public let schemaErrors: [String]
  /// Rows that refer to nothing, from `PRAGMA foreign_key_check`.
  public let foreignKeyErrors: [String]
  /// Rows that cannot be read as what they are, some of each table.
  public let rowErrors: [String]
  /// Blobs whose bytes no longer have their digest.
  public let corruptBlobs: [SHA256Digest]
  /// Number of blobs read.
  public let blobsChecked: Int
  /// Bytes read.
  public let bytesChecked: Int64

  /// All fields.
  package init(
    integrityErrors: [String], schemaErrors: [String], foreignKeyErrors: [String],
    rowErrors: [String], corruptBlobs: [SHA256Digest], blobsChecked: Int, bytesChecked: Int64
  ) {
    self.integrityErrors = integrityErrors
    self.schemaErrors = schemaErrors
    self.foreignKeyErrors = foreignKeyErrors
    self.rowErrors = rowErrors
    self.corruptBlobs = corruptBlobs
    self.blobsChecked = blobsChecked
    self.bytesChecked = bytesChecked
  }

  /// Whether nothing is wrong.
  public var isHealthy: Bool { faults.isEmpty }

  /// All that is wrong, for people.
  public var faults: [String] {
    integrityErrors + schemaErrors + foreignKeyErrors + rowErrors
      + corruptBlobs.map { "blob \($0.hex) is corrupt" }
  }
}
