import Datasets
import Digests
import Foundation
import JobContract
import ObjectStore
import PostgresStore
import SQLiteStore
import Store

/// Moves everything from a file to a PostgreSQL database, and perhaps to an object store.
///
/// Bytes first, each read back and compared; then all rows in one transaction; then data sets' files, where
/// there is an object store. What was stopped anywhere goes on where it was when it is done again: bytes that
/// are there are not sent twice, and rows are there all or not at all.
public struct StoreMove {
  /// What is told while it goes on: one line.
  public typealias Report = (String) throws -> Void

  private let from: String
  private let uri: String
  private let objects: ObjectPlace?
  private let report: Report

  /// - Parameters:
  ///   - from: The SQLite file, which no server may have; it stays as it is.
  ///   - to: The address of a PostgreSQL database with this program's tables and nothing in them.
  ///   - objects: Where the bytes go; nil keeps them in the database.
  ///   - report: Told of progress; what it throws stops the move.
  public init(
    from: String, to uri: String, objects: ObjectPlace? = nil, report: @escaping Report
  ) throws {
    guard case .file(let path) = DatabaseAddress(from) else { throw ServiceError.moveNeedsFile }
    guard case .server = DatabaseAddress(uri) else { throw ServiceError.moveNeedsServer }
    self.from = path
    self.uri = uri
    self.objects = objects
    self.report = report
  }

  #if Fleet
    /// Moves; says what is there then.
    /// - Throws: `StoreError`, `ServiceError`, `ObjectStoreError`.
    public func run() throws -> String {
      let lock = try ServerLock(path: from, creating: false)
      defer { lock.release() }
      let source = try SQLiteStore(path: from, access: .reading)
      defer { try? source.close() }
      try objects?.store.probe()
      let target = try PostgresStore(uri, bytes: objects.map { ObjectBlobs($0.store) })
      defer { try? target.close() }

      let mark = try digest(of: source)
      let there = try target.moveTarget()
      guard there.isEmpty || there.movedFrom == mark else {
        throw ServiceError.moveTargetInUse(database: target.address)
      }
      // Not before: what is refused leaves no mark in a place that another database may be meant for.
      try objects?.store.claim(for: target.identity())
      let blobs =
        there.isEmpty
        ? try moveBlobs(source, target) : try checkBlobs(source.blobDigests(), in: target)
      var lines = [blobs]
      if there.isEmpty {
        guard let counts = try target.takeRows(mark: mark, { try source.moveRows($0) }) else {
          throw ServiceError.moveTargetInUse(database: target.address)
        }
        lines.append(
          "moved "
            + MovedTable.all.map { "\(counts[$0.name] ?? 0) \($0.name)" }.joined(separator: ", "))
      } else {
        lines.append("the rows were moved before")
      }
      lines += try moveDatasets(target)
      lines.append("\(target.address) has everything of \(source.path), which stays as it was")
      return lines.joined(separator: "\n")
    }

    /// Over every row: the same for the same content.
    private func digest(of source: SQLiteStore) throws -> SHA256Digest {
      var hasher = SHA256()
      try source.moveRows { table, rows in
        hasher.update(Array("\(table.name) \(rows.count)\n".utf8))
        for row in rows {
          for value in row {
            let text = "\(value)"
            hasher.update(Array("\(text.utf8.count) \(text)\n".utf8))
          }
        }
      }
      return hasher.finalize()
    }

    /// The blobs of a former run, after which the database has been in use: what was deleted there since stays
    /// deleted.
    private func checkBlobs(_ digests: [SHA256Digest], in target: PostgresStore) throws -> String {
      let known = try target.blobDigests()
      var right = 0
      for (index, digest) in digests.enumerated() {
        if try known.contains(digest) && isThere(digest, in: target) { right += 1 }
        try report("\(index + 1) of \(digests.count) blobs")
      }
      return
        "moved 0 blobs: they were moved before, and \(digests.count - right) have been deleted there "
        + "since; the digests of the other \(right) are right"
    }

    /// Whether a blob has not been deleted since it was moved.
    /// - Throws: `ServiceError.moveDamaged` for one that should be there as it was.
    private func isThere(_ digest: SHA256Digest, in target: PostgresStore) throws -> Bool {
      do {
        guard try target.check(digest) else { throw ServiceError.moveDamaged(blob: digest.hex) }
        return true
      } catch StoreError.notFound(.blob, _) {
        guard try target.blob(digest) == nil else {
          throw ServiceError.moveDamaged(blob: digest.hex)
        }
        return false
      }
    }

    private func moveBlobs(_ source: SQLiteStore, _ target: PostgresStore) throws -> String {
      let digests = try source.blobDigests()
      let known = try target.blobDigests()
      guard known.isSubset(of: digests) else {
        throw ServiceError.moveTargetInUse(database: target.address)
      }
      var (sent, bytes): (Int, Int64) = (0, 0)
      for (index, digest) in digests.enumerated() {
        if !known.contains(digest) {
          let reader = try source.open(digest)
          var offset: Int64 = 0
          let blob = try target.put {
            guard offset < reader.size else { return nil }
            let piece = try reader.piece(at: offset)
            offset += Int64(piece.count)
            return piece
          }
          guard blob.digest == digest else { throw StoreError.blobCorrupt(digest) }
          sent += 1
          bytes += blob.size
        }
        // Also those of a former run: it may have been stopped before this.
        guard try target.check(digest) else { throw ServiceError.moveDamaged(blob: digest.hex) }
        try report("\(index + 1) of \(digests.count) blobs")
      }
      return "moved \(sent) blobs, \(bytes) bytes; \(digests.count - sent) were there; "
        + "the digests of all \(digests.count) are right"
    }

    /// Puts data sets' files where the bytes are. Those that are missing stay what they are: their jobs wait.
    private func moveDatasets(_ target: PostgresStore) throws -> [String] {
      guard target.keepsDatasets else {
        return try target.datasets().map { dataset in
          "data set '\(dataset.record.name)': workers need its files at \(dataset.record.path)"
        }
      }
      var lines: [String] = []
      for record in try target.datasets().map(\.record) where record.manifest == nil {
        do {
          let dataset = try JobInputs(store: target, cache: nil).dataset(record)
          guard try dataset.digest == record.digest else {
            throw DatasetError.malformed(
              file: record.path, reason: "it is no longer what was registered")
          }
          _ = try StoredDataset.register(record, in: target) { bytes, total in
            try report("data set '\(record.name)': \(bytes) of \(total) bytes")
          }
          lines.append("moved data set '\(record.name)' to the object store")
        } catch let error as DatasetError {
          lines.append(
            "warning: data set '\(record.name)' stays at its path, its jobs wait: \(error); mend that and "
              + "run this again")
        }
      }
      return lines
    }
  #else
    /// Needs PostgreSQL.
    public func run() throws -> String {
      throw StoreError.badAddress(
        address: "--to", reason: "this program was built without PostgreSQL")
    }
  #endif
}
