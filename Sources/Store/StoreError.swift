import Digests
import Inputs

/// Everything the store can refuse or fail at.
public enum StoreError: Error, Equatable, Sendable {
  // Opening
  /// The folder that should hold the database does not exist.
  case directoryMissing(path: String)
  /// The file or its folder cannot be written.
  case notWritable(path: String, reason: String)
  /// The file is not a database.
  case notADatabase(path: String)
  /// The database is another program's.
  case foreignDatabase(path: String, mark: String)
  /// A later version of this program wrote the file.
  case newerSchema(path: String, found: Int, supported: Int)
  /// An earlier version of this program wrote the file, and it has not been migrated.
  case olderSchema(path: String, found: Int, supported: Int)
  /// The log beside the file is another database's.
  case foreignLog(path: String)
  /// What is to be restored is damaged itself.
  case backupDamaged(path: String, reason: String)
  /// The copy that is kept of a database before it is migrated does not fit on the disk.
  case noRoomForCopy(path: String, bytes: Int64)
  /// Another process held the database for longer than the busy timeout.
  case locked(path: String)
  /// A server runs this database's jobs already.
  case served(path: String)
  /// The text is no address of a database.
  case badAddress(address: String, reason: String)
  /// The database server refuses the user, the password or the database's name.
  case accessDenied(address: String, reason: String)
  /// The user of the address may read only, or the server takes no writes.
  case readOnly(address: String, reason: String)
  /// Something else kept the file from opening.
  case cannotOpen(path: String, reason: String)

  // Requests
  /// A value is outside what its field holds.
  case invalidValue(field: String, reason: String)
  /// Nothing has this name.
  case notFound(Entity, String)
  /// The name is taken by something different.
  case nameTaken(Entity, String)
  /// Something needs what was to be removed or replaced.
  case inUse(Entity, String, by: String)
  /// Something else was put in its place after it had been read.
  case replaced(Entity, String)
  /// The idempotency key came with another request before.
  case idempotencyKeyReused(String)
  /// The job is finished, so it cannot be cancelled.
  case jobFinished(JobID, JobStatus)
  /// As many jobs wait as may.
  case queueFull(scope: QueueScope, limit: Int)
  /// A user's models and jobs take as many bytes as they may.
  case quotaExceeded(stored: Int64, limit: Int64)

  // Workers
  /// Another attempt, or nobody, works on the job: stop, and write nothing more.
  case leaseLost(JobID, attempt: Int)
  /// Everyone who waited for the job is gone; it has been cancelled instead of published.
  case jobAbandoned(JobID)

  // Blobs
  /// The range does not lie within the blob.
  case rangeOutOfBounds(offset: Int64, length: Int64, size: Int64)
  /// The bytes no longer have the digest they were stored under.
  case blobCorrupt(SHA256Digest)
  /// The upload stood still for so long that its bytes were collected.
  case uploadExpired
  /// What keeps the bytes apart from the database cannot be used now.
  case bytesUnavailable(reason: String)
  /// The folder of this machine for what is fetched from there cannot be used now.
  case cacheUnusable(path: String, reason: String)

  // Storage
  /// No space is left for the database.
  case diskFull
  /// The file at the path is no longer the one that is open.
  case fileReplaced(path: String)
  /// The database found itself damaged, or holds a value this program cannot have written.
  case databaseCorrupt(reason: String)
  /// The database does not answer, or the connection to it broke.
  case unreachable(address: String, reason: String)
  /// The database did not get to it within the time that a call may take.
  case busy(address: String, reason: String)
  /// Any other failure of the database, in its own words.
  case failed(reason: String)

  /// What a name can refer to.
  public enum Entity: String, Sendable {
    /// A registered dense model.
    case baseModel = "base model"
    /// Stored bytes.
    case blob
    /// A registered data set.
    case dataset = "data set"
    /// A file that a backup would overwrite.
    case file
    /// A pruning job.
    case job
    /// A published model.
    case model
    /// One more format of a model.
    case modelFile = "model file"
    /// An access token.
    case token
    /// A user.
    case user
  }

  /// Whose queue is full.
  public enum QueueScope: String, Sendable {
    /// The whole server's.
    case total
    /// One user's.
    case user
  }
}

extension StoreError {
  /// A stable identifier for programs.
  public var code: String {
    switch self {
    case .directoryMissing: "directory_missing"
    case .notWritable: "database_not_writable"
    case .notADatabase: "not_a_database"
    case .foreignDatabase: "foreign_database"
    case .newerSchema: "newer_schema"
    case .olderSchema: "older_schema"
    case .noRoomForCopy: "no_room_for_copy"
    case .foreignLog: "foreign_log"
    case .backupDamaged: "backup_damaged"
    case .locked: "database_locked"
    case .served: "database_served"
    case .badAddress: "bad_database_address"
    case .accessDenied: "database_access_denied"
    case .readOnly: "database_read_only"
    case .cannotOpen: "cannot_open_database"
    case .invalidValue: "invalid_value"
    case .notFound: "not_found"
    case .nameTaken: "name_taken"
    case .inUse: "in_use"
    case .replaced: "replaced_meanwhile"
    case .idempotencyKeyReused: "idempotency_key_reused"
    case .jobFinished: "job_finished"
    case .queueFull: "queue_full"
    case .quotaExceeded: "quota_exceeded"
    case .leaseLost: "lease_lost"
    case .jobAbandoned: "job_abandoned"
    case .rangeOutOfBounds: "range_out_of_bounds"
    case .blobCorrupt: "blob_corrupt"
    case .uploadExpired: "upload_expired"
    case .bytesUnavailable: "object_store_unavailable"
    case .cacheUnusable: "cache_unusable"
    case .diskFull: "disk_full"
    case .fileReplaced: "database_replaced"
    case .databaseCorrupt: "database_corrupt"
    case .unreachable: "database_unreachable"
    case .busy: "database_busy"
    case .failed: "database_error"
    }
  }
}

extension StoreError {
  /// Whether the database's content is at fault.
  public var isDamage: Bool {
    switch self {
    case .databaseCorrupt, .notADatabase, .foreignDatabase: true
    default: false
    }
  }
}

extension StoreError: CustomStringConvertible {
  /// One sentence for people: what happened, to what, and what to do.
  public var description: String {
    switch self {
    case .directoryMissing(let path):
      "the folder of \(path) does not exist: create it, or give another path"
    case .notWritable(let path, let reason):
      "\(path) cannot be written (\(reason)): check the permissions of the file and its folder"
    case .notADatabase(let path):
      "\(path) is not an SQLite database: give another path"
    case .foreignDatabase(let path, let mark):
      "\(path) belongs to another program (\(mark)): give another path"
    case .newerSchema(let path, let found, let supported):
      "\(path) was made by a newer version (schema \(found); this program knows \(supported)): use that version"
    case .olderSchema(let path, found: 0, _):
      "\(path) has none of this program's tables yet: run crisp-server migrate --db \(path)"
    case .olderSchema(let path, let found, let supported):
      "\(path) was made by an older version (schema \(found); this program writes \(supported)): stop its server, then run crisp-server migrate --db \(path)"
    case .foreignLog(let path):
      "\(path)-wal is the log of another database than \(path), which is sound without it: move \(path) to another name, then run crisp-server restore NAME --db \(path)"
    case .backupDamaged(let path, let reason):
      "\(path) is damaged itself (\(reason)): restore another backup"
    case .noRoomForCopy(let path, let bytes):
      "there is no room beside \(path) for a copy of it (\(bytes) bytes) before it is migrated: free some, or give --no-backup"
    case .locked(let path):
      "\(path) is locked by another process: stop it, or try again"
    case .served(let path):
      "another crisp-server runs the jobs of \(path): stop it, or give another path"
    case .badAddress(let address, let reason):
      "\(address) is no address of a database (\(reason)): write postgresql://USER@HOST:PORT/DATABASE, or the path of a file"
    case .accessDenied(let address, let reason):
      "\(address) refuses to let this program in (\(reason)): check the user, the password and the database's name"
    case .readOnly(let address, let reason):
      "\(address) cannot be written (\(reason)): give the address of a server that takes writes, and a user who owns the tables"
    case .cannotOpen(let path, let reason):
      "cannot open \(path): \(reason)"
    case .invalidValue(let field, let reason):
      "\(field) \(reason)"
    case .notFound(let entity, let name):
      "there is no \(entity.rawValue) \"\(name.echoed())\""
    case .nameTaken(let entity, let name):
      "another \(entity.rawValue) is called \"\(name.echoed())\": choose another name"
    case .inUse(let entity, let name, let users):
      "the \(entity.rawValue) \"\(name.echoed())\" is needed by \(users)"
    case .replaced(let entity, let name):
      "the \(entity.rawValue) \"\(name.echoed())\" was replaced meanwhile: try again"
    case .idempotencyKeyReused(let key):
      "the idempotency key \"\(key.echoed())\" came with another request: use a new key"
    case .jobFinished(let job, let status):
      "\(job) has already finished: \(status.rawValue)"
    case .quotaExceeded(let stored, let limit):
      "what is kept for this user takes \(stored) bytes of at most \(limit): models go when nobody "
        + "has used them for long, and all of it when the user is deleted"
    case .queueFull(let scope, let limit):
      switch scope {
      case .total: "\(limit) jobs are waiting, which is the limit: try again later"
      case .user:
        "\(limit) jobs of this user are waiting, which is the limit for one user: try again later"
      }
    case .leaseLost(let job, let attempt):
      "attempt \(attempt) no longer holds \(job): stop working on it"
    case .jobAbandoned(let job):
      "nobody waits for \(job) any more: it was cancelled"
    case .rangeOutOfBounds(let offset, let length, let size):
      "\(length) bytes at \(offset) do not lie within a blob of \(size) bytes"
    case .blobCorrupt(let digest):
      "the bytes of blob \(digest) are damaged: restore a backup"
    case .uploadExpired:
      "the upload made no progress for too long: send it again"
    case .bytesUnavailable(let reason):
      reason
    case .cacheUnusable(let path, let reason):
      "the folder \(path) for what is fetched cannot be used (\(reason)): free space there, mend its permissions, or give another one with --cache"
    case .fileReplaced(let path):
      "\(path) is not the file that the server has open, or is gone: nothing is written until it is back; stop the server before you replace it"
    case .diskFull:
      "no disk space is left for the database: free some"
    case .databaseCorrupt(let reason):
      "the database is damaged (\(reason)): run the check command, restore a backup"
    case .unreachable(let address, let reason):
      "\(address) does not answer (\(reason)): check that the database server runs and can be reached from here"
    case .busy(let address, let reason):
      "\(address) is too busy (\(reason)): try again later"
    case .failed(let reason):
      reason
    }
  }
}
