import ControlPlane
import Datasets
import Foundation
import JobContract
import ModelCards
import ModelFormats
import SQLiteStore
import Store

/// What an operator does to a database from the command line, server running or not.
public struct Administration {
  let store: any CompleteStore
  /// The store where it is a file.
  let file: SQLiteStore?
  /// What this machine keeps of an object store.
  let cache: (any InputCache)?

  /// Opens the database for changes, or makes the file.
  /// - Parameter objects: Where bytes go that are not to be in the database.
  public init(database: String, objects: ObjectPlace? = nil) throws {
    switch DatabaseAddress(database) {
    case .file(let path):
      try DatabaseAddress.refuse(objects)
      let file = try SQLiteStore(path: path)
      (self.file, store, cache) = (file, file, nil)
    case .server(let uri):
      cache = try objects.map { try FetchedInputs($0) }
      (file, store) = (nil, try DatabaseAddress.open(uri: uri, objects: objects))
    }
  }

  /// Opens a database that is there: a mistyped path must not pass for an empty one. For reading, of
  /// whichever released version; nothing about it changes.
  /// - Throws: `StoreError.cannotOpen`.
  public init(
    existing database: String, for access: SQLiteStore.Access = .reading,
    objects: ObjectPlace? = nil
  ) throws {
    if case .server(let uri) = DatabaseAddress(database) {
      cache = try objects.map { try FetchedInputs($0) }
      (file, store) = (nil, try DatabaseAddress.open(uri: uri, objects: objects))
      return
    }
    try DatabaseAddress.refuse(objects)
    guard FileManager.default.fileExists(atPath: database) else {
      throw StoreError.cannotOpen(path: database, reason: "there is no such file")
    }
    do {
      let file = try SQLiteStore(path: database, access: access)
      (self.file, store, cache) = (file, file, nil)
    } catch let error as StoreError where error.isDamage {
      throw Self.explained(error, at: database)
    }
  }

  /// Brings the schema of a database that is there up to date, unless a server runs it; says what was
  /// done.
  /// - Parameter keepingCopy: Whether to keep the database as it was, beside it.
  public static func migrate(database: String, keepingCopy: Bool) throws -> String {
    if case .server(let uri) = DatabaseAddress(database) {
      let address = try DatabaseAddress.shown(uri: uri)
      guard let done = try DatabaseAddress.migrate(uri: uri) else {
        return "nothing to do: \(address) is up to date"
      }
      return "migrated \(address) from schema \(done.from) to \(done.to)"
    }
    let lock = try ServerLock(path: database, creating: false)
    defer { lock.release() }
    guard let done = try SQLiteStore.migrate(lock, keepingCopy: keepingCopy) else {
      return "nothing to do: \(lock.path) is up to date"
    }
    let copy = done.copy.map { "; as it was it is kept as \($0)" } ?? ""
    return "migrated \(lock.path) from schema \(done.from) to \(done.to)\(copy)"
  }

  /// Registers a data set; says what was registered.
  public func addDataset(
    name: String, path: String, format: DatasetFormat? = nil, labels: String? = nil
  ) throws -> String {
    let registration = Registration(store: store, cache: cache)
    let (dataset, format) = try registration.dataset(
      name: name, path: path, format: format, labels: labels)
    let record = try registration.addDataset(dataset, path: path, format: format)
    let counts = Split.allCases.map { split in
      "\(dataset.counts(split).reduce(0, +)) \(split.rawValue)"
    }
    return "registered data set '\(record.name)': \(record.classes.count) classes, format "
      + "\(record.format), \(counts.joined(separator: ", ")) images, sha256 \(record.digest.hex)"
      + (record.manifest == nil ? "" : ", kept in the object store")
      + (dataset.leftOut.warning.map { "\nwarning: \($0)" } ?? "")
  }

  /// Registers a universal model; says what was registered, how it does on its data set, and what it
  /// looks like when that is no better than chance.
  public func addBaseModel(name: String, file: String, dataset: String, architecture: String?)
    throws -> String
  {
    let record = try Registration(store: store, cache: cache).addBaseModel(
      name: name, file: Self.contents(of: file), source: file,
      folder: ModelFolder(ofFileAt: file), dataset: dataset, architecture: architecture)
    return "registered \(described(record))"
  }

  static func contents(of file: String) throws -> Data {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw DatasetError.unreadable(file: file, reason: "it does not exist or cannot be opened")
    }
    return data
  }

  func described(_ record: BaseModelRecord) -> String {
    "base model '\(record.name)': \(record.labels.count) classes, "
      + "\(record.parameterCount) parameters, sha256 \(record.digest.hex)\n"
      + BaseModelTrial(record, in: store, cache: cache).text
  }

  /// What a token is good for.
  public typealias Scope = TokenScope

  /// Chooses the base model of requests that name none.
  public func setDefaultBaseModel(_ name: String) throws { try store.setDefaultBaseModel(name) }

  /// The base model of requests that name none; nil without any.
  public func defaultBaseModel() throws -> String? { try store.defaultBaseModel() }

  /// Makes a token: a user's, or without one an operator's. Its secret is shown this once.
  /// - Parameter lifetime: Seconds until it stops working by itself; nil is never.
  public func createToken(
    user: String?, label: String, scope: TokenScope = .all, lifetime: TimeInterval? = nil
  ) throws -> (token: AccessToken, summary: TokenSummary) {
    let token = AccessToken.random()
    let record = try store.addToken(
      digest: token.digest, user: user.map { try UserID($0) }, label: label, scope: scope,
      lifetime: lifetime)
    return (token, TokenSummary(record))
  }

  /// All tokens, oldest first, revoked ones too.
  public func tokens() throws -> [TokenSummary] { try store.tokens().map { TokenSummary($0) } }

  /// Stops a token from working, at once for a running server too.
  public func revokeToken(id text: String) throws {
    guard let id = TokenID(rawValue: text) else { throw StoreError.notFound(.token, text) }
    try store.revokeToken(id)
  }

  /// Copies the database to a new file.
  public func backup(to path: String) throws {
    guard let file else {
      throw StoreError.invalidValue(
        field: "--db", reason: "names a PostgreSQL server: copy its database with pg_dump")
    }
    try file.backup(to: path)
  }

  /// Checks everything; healthy or not, and what was found. A damaged database is closed.
  public func check() throws -> (isHealthy: Bool, text: String) {
    let report: StoreReport
    do { report = try store.check(Self.examine) } catch let error as StoreError where error.isDamage
    {
      try store.close()
      throw Self.explained(error, at: store.address)
    }
    guard !report.isHealthy else {
      return (true, "ok: \(report.blobsChecked) blobs, \(report.bytesChecked) bytes")
    }
    var faults = report.faults
    try store.close()
    if let file, SQLiteStore.hasForeignLog(at: file.path) {
      faults.append(StoreError.foreignLog(path: file.path).description)
    }
    return (false, faults.joined(separator: "\n"))
  }

  /// Reads what the store keeps for others as they would.
  private static func examine(_ record: CheckedRecord) throws {
    switch record {
    case .job(let job): _ = try JobSpecification(profile: job.profile, recipe: job.recipe)
    case .model(let model): _ = try JSONDecoder().decode(ModelCard.self, from: model.card)
    case .dataset(let dataset): _ = try JobEstimator.counts(of: dataset)
    }
  }

  /// Replaces a database by a backup; says what was done.
  public static func restore(backup: String, database: String) throws -> String {
    guard case .file = DatabaseAddress(database) else {
      throw StoreError.invalidValue(
        field: "--db", reason: "names a PostgreSQL server: fill its database with pg_restore")
    }
    guard FileManager.default.fileExists(atPath: backup) else {
      throw StoreError.cannotOpen(path: backup, reason: "there is no such file")
    }
    let replaced = try SQLiteStore.restore(backup, to: database)
    return "restored \(backup) to \(database)"
      + (replaced.map { "; what was there is kept as \($0)" } ?? "")
  }

  private static func explained(_ error: StoreError, at path: String) -> StoreError {
    SQLiteStore.hasForeignLog(at: path) ? .foreignLog(path: path) : error
  }
}
