/// Why the service cannot start, or cannot take what its operator registers.
public enum ServiceError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Beyond loopback a server needs TLS and tokens.
  case exposedWithoutProtection(host: String)
  /// Beyond loopback a server needs tokens, and there is none.
  case exposedWithoutTokens(host: String)
  /// An object store was given beside a database in a file.
  case objectsBesideFile
  /// The database has blobs whose bytes are in an object store, and none was given.
  case objectsMissing(database: String)
  /// The object store does not have the bytes of the database's blobs.
  case objectsElsewhere(database: String, objects: String)
  /// What is to be moved is no file.
  case moveNeedsFile
  /// Where it is to be moved is no PostgreSQL database.
  case moveNeedsServer
  /// The database that something is to be moved into has other contents.
  case moveTargetInUse(database: String)
  /// A blob that was moved is read back as other bytes.
  case moveDamaged(blob: String)
  /// A model file and the data set it is to be registered with do not fit.
  case labelMismatch(model: String, missing: String, dataset: String)
  /// What is at a path is not what a data set was registered with.
  case otherContent(dataset: String, path: String)

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .exposedWithoutProtection: "exposed_without_protection"
    case .exposedWithoutTokens: "exposed_without_tokens"
    case .objectsBesideFile: "objects_beside_file"
    case .objectsMissing: "objects_missing"
    case .objectsElsewhere: "objects_elsewhere"
    case .moveNeedsFile: "move_needs_file"
    case .moveNeedsServer: "move_needs_server"
    case .moveTargetInUse: "move_target_in_use"
    case .moveDamaged: "move_damaged"
    case .labelMismatch: "label_mismatch"
    case .otherContent: "dataset_changed"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .exposedWithoutProtection(let host):
      "listening on '\(host)' would expose every user's models without TLS and tokens; give "
        + "--tls-cert and --tls-key, use a loopback address, or --insecure if something else "
        + "protects this one"
    case .exposedWithoutTokens(let host):
      "listening on '\(host)' would let everyone see every user's models: make a token with "
        + "crisp-server token create, or start with --require-tokens, or with --insecure if "
        + "something else protects this address"
    case .objectsBesideFile:
      "--objects is for a PostgreSQL database: with a file in --db that file has everything, so leave "
        + "--objects out, or move with crisp-server migrate-store"
    case .objectsMissing(let database):
      "the bytes of what \(database) knows are in an object store: give --objects with its place"
    case .objectsElsewhere(let database, let objects):
      "the object store \(objects) does not have the bytes of what \(database) knows: give --objects with "
        + "the place that they were put into"
    case .moveNeedsFile:
      "--from has to be the SQLite file of a server: PostgreSQL's databases are moved by pg_dump and "
        + "pg_restore"
    case .moveNeedsServer:
      "--to has to be a PostgreSQL database: write postgresql://USER@HOST:PORT/DATABASE"
    case .moveTargetInUse(let database):
      "\(database) has other contents already: give one without any, made by crisp-server migrate"
    case .moveDamaged(let blob):
      "blob \(blob) is read back as other bytes than were put there: check the object store or the "
        + "database server, then run this again"
    case .labelMismatch(let model, let missing, let dataset):
      "the model '\(model)' has the label '\(missing)', which is not a class of the data set "
        + "'\(dataset)'"
    case .otherContent(let dataset, let path):
      "\(path) does not have the content that the data set '\(dataset)' was registered with: register "
        + "it under another name, or give the path of a copy"
    }
  }
}
