import Digests
import Foundation
import Store
import Synchronization

/// The store in memory, as plainly as it can be said: what every other store does faster, or keeps.
final class MemoryStore: CompleteStore {
  let address = "memory"
  let schemaVersion = 1
  let isShared = false
  private let clock: StoreClock
  private let rows = Mutex(MemoryRows())
  private let observers = Mutex<[@Sendable () -> Void]>([])
  private static let chunkSize = 1 << 20

  init(clock: StoreClock) { self.clock = clock }

  var now: Int64 { Timestamp.milliseconds(clock.date()) }

  func read<Value: Sendable>(_ body: (MemoryRows) throws -> Value) throws -> Value {
    try rows.withLock { try body($0) }
  }

  /// Keeps what `body` changes, unless it throws.
  func write<Value: Sendable>(_ body: (inout MemoryRows, Int64) throws -> Value) throws -> Value {
    let value = try rows.withLock { rows in
      var changed = rows
      let value = try body(&changed, now)
      rows = changed
      return value
    }
    for observer in observers.withLock({ $0 }) { observer() }
    return value
  }

  /// The time at which what is `age` seconds old now was made.
  func cutoff(_ age: TimeInterval) throws -> Int64 {
    now - (try Timestamp.milliseconds(0, plus: age, field: "grace period"))
  }

  static func page<Element: Sendable>(_ all: [Element], limit: Int) throws -> Page<Element> {
    try Page<Element>.validate(limit: limit)
    return Page(Array(all.prefix(limit)), hasMore: all.count > limit)
  }

  // MARK: ChangeNotifier, ObservedStore, MaintainedStore

  func onCommit(_ body: @escaping @Sendable () -> Void) { observers.withLock { $0.append(body) } }
  var writing: WriteCondition { .writable }
  func onCondition(_ body: @escaping @Sendable (WriteCondition) -> Void) {}
  func requireDatabase() throws {}
  func fileStatistics() throws -> FileStatistics? { nil }
  func close() throws {}

  func statistics() throws -> StoreStatistics {
    try read { rows in
      let jobs = Dictionary(grouping: rows.jobs, by: \.status).mapValues(\.count)
      let bytes = rows.blobs.values.reduce(0) { $0 + Int64($1.bytes.count) }
      return StoreStatistics(
        users: rows.users.count,
        jobs: Dictionary(uniqueKeysWithValues: JobStatus.allCases.map { ($0, jobs[$0] ?? 0) }),
        models: rows.models.count, blobs: rows.blobs.count, blobBytes: bytes, databaseBytes: bytes)
    }
  }

  func check(_ examine: (CheckedRecord) throws -> Void) throws -> StoreReport {
    let rows = rows.withLock { $0 }
    for job in rows.jobs { try examine(.job(job.record)) }
    for model in rows.models { try examine(.model(model.record)) }
    for dataset in rows.datasets.values { try examine(.dataset(dataset.record)) }
    let digests = Array(rows.blobs.keys)
    let bytes = rows.blobs.values.reduce(0) { $0 + Int64($1.bytes.count) }
    return StoreReport(
      integrityErrors: [], schemaErrors: [], foreignKeyErrors: [], rowErrors: [],
      corruptBlobs: try digests.filter { try !check($0) }, blobsChecked: digests.count,
      bytesChecked: bytes)
  }

  // MARK: BlobStore

  func put(_ next: () throws -> Data?) throws -> BlobRecord {
    var bytes = Data()
    while let piece = try next() { bytes.append(piece) }
    let digest = SHA256.digest(of: bytes)
    return try write { rows, now in
      rows.blobs[digest] = MemoryRows.Blob(bytes: bytes, touchedAt: now)
      return try rows.blob(digest)
    }
  }

  func blob(_ digest: SHA256Digest) throws -> BlobRecord? { try read { try? $0.blob(digest) } }

  func open(_ digest: SHA256Digest) throws -> BlobReader {
    BlobReader(blob: try read { try $0.blob(digest) }, chunkSize: Int64(Self.chunkSize)) {
      [self] index in
      try read { rows in
        guard let bytes = rows.blobs[digest]?.bytes else {
          throw StoreError.notFound(.blob, digest.hex)
        }
        return bytes.dropFirst(Int(index) * Self.chunkSize).prefix(Self.chunkSize)
      }
    }
  }

  func collectGarbage(olderThan gracePeriod: TimeInterval) throws -> [BlobRecord] {
    let cutoff = try cutoff(gracePeriod)
    return try write { rows, _ in
      let stale = rows.blobs.filter { $0.value.touchedAt <= cutoff && !rows.isUsed($0.key) }.keys
      let records = try stale.map { try rows.blob($0) }
      for digest in stale { rows.blobs[digest] = nil }
      return records
    }
  }

  // MARK: SpeedRegistry

  func speed(ofBaseModel name: String, machine: String) throws -> SpeedRecord? {
    try read { $0.speeds[name]?[machine] }
  }

  func baseModels(withoutSpeedOn machine: String) throws -> [String] {
    try read { rows in rows.baseModels.keys.filter { rows.speeds[$0]?[machine] == nil }.sorted() }
  }

  func setSpeed(_ speed: SpeedRecord, ofBaseModel name: String, machine: String) throws {
    try speed.validate(machine: machine)
    try write { rows, _ in
      guard rows.baseModels[name] != nil else { throw StoreError.notFound(.baseModel, name) }
      rows.speeds[name, default: [:]][machine] = speed
    }
  }

  // MARK: TokenRegistry

  func addToken(
    digest: SHA256Digest, user: UserID?, label: String, scope: TokenScope, lifetime: TimeInterval?
  ) throws -> TokenRecord {
    try StoreRules.validateToken(of: user, label: label, scope: scope, lifetime: lifetime)
    return try write { rows, now in
      guard !rows.tokens.contains(where: { $0.digest == digest }) else {
        throw StoreError.nameTaken(.token, label)
      }
      if let user { rows.ensureUser(user, now: now) }
      let token = TokenRecord(
        id: .random(), digest: digest, user: user, label: label, scope: scope,
        createdAt: Timestamp.date(now),
        expiresAt: try lifetime.map {
          Timestamp.date(try Timestamp.milliseconds(now, plus: $0, field: "token lifetime"))
        }, usedAt: nil, revokedAt: nil)
      rows.tokens.append(token)
      return token
    }
  }

  func tokens() throws -> [TokenRecord] { try read { $0.tokens } }

  func activeToken(digest: SHA256Digest) throws -> TokenRecord? {
    let date = Timestamp.date(now)
    return try read { rows in
      rows.tokens.first {
        $0.digest == digest && $0.revokedAt == nil && ($0.expiresAt.map { $0 > date } ?? true)
      }
    }
  }

  func hasActiveToken() throws -> Bool {
    try read { $0.tokens.contains { $0.revokedAt == nil } }
  }

  func markUsed(_ ids: [TokenID]) throws {
    try change(ids) { token, date in token.with(usedAt: date, revokedAt: token.revokedAt) }
    try write { rows, now in
      for token in rows.tokens where ids.contains(token.id) {
        if let user = token.user { rows.noteSeen(user, now: now) }
      }
    }
  }

  func revokeToken(_ id: TokenID) throws {
    guard try read({ $0.tokens.contains { $0.id == id } }) else {
      throw StoreError.notFound(.token, id.rawValue)
    }
    try change([id]) { $0.with(usedAt: $0.usedAt, revokedAt: $0.revokedAt ?? $1) }
  }

  private func change(_ ids: [TokenID], _ body: (TokenRecord, Date) -> TokenRecord) throws {
    try write { rows, now in
      for index in rows.tokens.indices where ids.contains(rows.tokens[index].id) {
        rows.tokens[index] = body(rows.tokens[index], Timestamp.date(now))
      }
    }
  }
}

extension TokenRecord {
  fileprivate func with(usedAt: Date?, revokedAt: Date?) -> TokenRecord {
    TokenRecord(
      id: id, digest: digest, user: user, label: label, scope: scope, createdAt: createdAt,
      expiresAt: expiresAt, usedAt: usedAt, revokedAt: revokedAt)
  }
}
