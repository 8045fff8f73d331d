#if Fleet
  import Digests
  import Foundation
  import Store

  extension PostgresStore {
    /// Rows in a transaction.
    static let step = 100

    /// Runs one transaction after the other as long as `body` finds as many rows as it may take.
    private func inSteps(
      olderThan age: TimeInterval, _ body: (PostgresSession, Int64) throws -> Int
    ) throws -> Int {
      let age = try Timestamp.milliseconds(0, plus: age, field: "grace period")
      var total = 0
      while true {
        let count = try write { db, now in try body(db, now - age) }
        total += count
        if count < Self.step { return total }
      }
    }

    /// See ``JobQueue/expireIdempotencyKeys(olderThan:)``.
    public func expireIdempotencyKeys(olderThan age: TimeInterval) throws -> Int {
      try inSteps(olderThan: age) { db, cutoff in
        try db.run(
          """
          DELETE FROM idempotency_keys WHERE (user_id, key) IN (SELECT user_id, key
            FROM idempotency_keys WHERE created_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
          """, [cutoff, Self.step])
      }
    }

    /// See ``JobQueue/expireLogs(olderThan:)``.
    public func expireLogs(olderThan age: TimeInterval) throws -> Int {
      try inSteps(olderThan: age) { db, cutoff in
        let jobs = try db.all(
          """
          SELECT number FROM jobs WHERE log_kept AND finished_at <= $1
          ORDER BY number LIMIT $2 FOR UPDATE SKIP LOCKED
          """, [cutoff, Self.step]
        ).map { try $0.integer("number") }
        for job in jobs {
          try db.run("DELETE FROM job_events WHERE job = $1", [job])
          try db.run("UPDATE jobs SET log_kept = false WHERE number = $1", [job])
          try db.run(
            """
            DELETE FROM jobs WHERE number = $1
              AND NOT EXISTS (SELECT 1 FROM job_requesters r WHERE r.job = $1)
              AND NOT EXISTS (SELECT 1 FROM models m WHERE m.job = $1)
            """, [job])
        }
        return jobs.count
      }
    }

    /// See ``JobQueue/expireJobs(olderThan:beyond:)``.
    public func expireJobs(olderThan age: TimeInterval, beyond count: Int) throws -> Int {
      let delete = """
        DELETE FROM jobs WHERE number IN (SELECT number FROM jobs
          WHERE finished_at IS NOT NULL AND result_model IS NULL AND finished_at <= $1
            AND NOT EXISTS (SELECT 1 FROM models m WHERE m.job = jobs.number)
          ORDER BY finished_at, number LIMIT $2 FOR UPDATE SKIP LOCKED)
        """
      var total = try inSteps(olderThan: age) { db, cutoff in
        try db.run(delete, [cutoff, Self.step])
      }
      var surplus =
        try read { db in
          try db.number(
            """
            SELECT count(*) AS n FROM jobs WHERE finished_at IS NOT NULL AND result_model IS NULL
            """)
        } - Int64(count)
      while surplus > 0 {
        let some = min(surplus, Int64(Self.step))
        let deleted = try write { db, _ in try db.run(delete, [Int64.max, some]) }
        guard deleted > 0 else { break }
        total += deleted
        surplus -= Int64(deleted)
      }
      return total
    }

    // MARK: ObservedStore, MaintainedStore

    /// See ``ObservedStore/statistics()``.
    public func statistics() throws -> StoreStatistics {
      try read { db in
        var jobs = Dictionary(uniqueKeysWithValues: JobStatus.allCases.map { ($0, 0) })
        for row in try db.all("SELECT status, count(*) AS n FROM jobs GROUP BY status") {
          jobs[try row.value("status", JobStatus.init(rawValue:))] = try row.int("n")
        }
        guard
          let row = try db.first(
            """
            SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM models) AS models,
              (SELECT count(*) FROM blobs WHERE digest IS NOT NULL) AS blobs,
              (SELECT coalesce(sum(size), 0) FROM blobs WHERE digest IS NOT NULL) AS bytes,
              pg_database_size(current_database()) AS size
            """)
        else { throw StoreError.databaseCorrupt(reason: "it counts nothing") }
        return StoreStatistics(
          users: try row.int("users"), jobs: jobs, models: try row.int("models"),
          blobs: try row.int("blobs"), blobBytes: try row.amount("bytes"),
          databaseBytes: try row.amount("size"))
      }
    }

    /// Nil: the server's disk is another machine's.
    public func fileStatistics() throws -> FileStatistics? { nil }

    /// See ``MaintainedStore/check(_:)``. Structure and references are the database server's own care
    /// (`pg_amcheck`); here every document and every blob is read.
    public func check(_ examine: (CheckedRecord) throws -> Void) throws -> StoreReport {
      try requireDatabase()
      var faults: [String] = []
      func note(_ table: String, _ row: PostgresRow, _ body: () throws -> Void) throws {
        guard faults.count < 100 else { return }
        do {
          try body()
        } catch let fault as PostgresFault {
          // The connection's, not the row's.
          throw fault
        } catch {
          let name = (try? row.text("id")) ?? (try? row.text("name")) ?? ""
          let text = "a row of \(table) (\(name)): \(error)"
          // A transaction may be done again.
          if !faults.contains(text) { faults.append(text) }
        }
      }
      try inParts { db, after in
        let rows = try db.all(
          """
          SELECT \(PostgresSession.jobColumns(isWhole: true)) FROM jobs j \(PostgresSession.jobJoins)
          WHERE j.number > $1 ORDER BY j.number LIMIT \(Self.step)
          """, [after])
        for row in rows { try note("jobs", row) { try examine(.job(db.jobRecord(row))) } }
        return rows
      }
      try inParts { db, after in
        let rows = try db.all(
          """
          SELECT \(PostgresSession.modelColumns(isWhole: true)) FROM models m
          WHERE m.number > $1 ORDER BY m.number LIMIT \(Self.step)
          """, [after])
        for row in rows { try note("models", row) { try examine(.model(db.modelRecord(row))) } }
        return rows
      }
      try read { db in
        for row in try db.all("SELECT * FROM datasets") {
          try note("datasets", row) { try examine(.dataset(db.datasetRecord(row).record)) }
        }
        for row in try db.all("SELECT * FROM base_models") {
          try note("base_models", row) { _ = try db.baseModelRecord(row) }
        }
      }
      // A set, because a transaction may be done again.
      var digests: Set<SHA256Digest> = []
      try inParts { db, after in
        let rows = try db.all(
          """
          SELECT number, digest FROM blobs WHERE number > $1 AND digest IS NOT NULL
          ORDER BY number LIMIT \(Self.step)
          """, [after])
        for row in rows { try digests.insert(row.digest("digest")) }
        return rows
      }
      var corrupt: [SHA256Digest] = []
      var (blobs, bytes): (Int, Int64) = (0, 0)
      for digest in digests.sorted(by: { $0.hex < $1.hex }) {
        // A blob collected since the list was read is no fault.
        guard let blob = try blob(digest) else { continue }
        do {
          if try !check(digest) { corrupt.append(digest) }
        } catch StoreError.notFound(.blob, _) {
          guard try self.blob(digest) != nil else { continue }
          corrupt.append(digest)
        }
        blobs += 1
        bytes += blob.size
      }
      return StoreReport(
        integrityErrors: [], schemaErrors: [], foreignKeyErrors: [], rowErrors: faults,
        corruptBlobs: corrupt, blobsChecked: blobs, bytesChecked: bytes)
    }

    /// Reads a table by its numbers, a few rows in a transaction: a long one would hold up the removal of
    /// dead rows everywhere.
    private func inParts(
      _ body: (PostgresSession, Int64) throws -> [PostgresRow]
    ) throws {
      var after: Int64 = 0
      while true {
        let rows = try read { db in try body(db, after) }
        guard rows.count == Self.step, let last = rows.last else { return }
        after = try last.integer("number")
      }
    }
  }
#endif
