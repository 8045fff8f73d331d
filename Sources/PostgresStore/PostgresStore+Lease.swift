#if Fleet
  import Digests
  import Foundation
  import Store

  // What the holder of a lease may do. Every call is fenced by the attempt number: see
  // https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html, "fencing tokens".
  extension PostgresStore {
    /// See ``JobQueue/heartbeat(_:attempt:worker:lease:memory:)``.
    public func heartbeat(
      _ id: JobID, attempt: Int, worker: String, lease: TimeInterval, memory: Int64
    ) throws -> Bool {
      try write(isPromise: false) { db, now in
        let expiry = try Timestamp.milliseconds(now, plus: lease, field: "lease")
        guard
          let row = try db.first(
            """
            UPDATE job_leases l SET expires_at = $4, memory_used = greatest(memory_used, $5)
            FROM jobs j WHERE j.id = $1 AND l.job = j.number AND l.attempt = $2 AND l.worker = $3
            RETURNING j.cancel_requested
            """, [id.rawValue, attempt, worker, expiry, max(0, memory)])
        else { throw StoreError.leaseLost(id, attempt: attempt) }
        return try row.bool("cancel_requested")
      }
    }

    /// See ``JobQueue/updateProgress(_:attempt:progress:)``.
    public func updateProgress(_ id: JobID, attempt: Int, progress: Data) throws {
      let text = try JSONColumn.text(progress, field: "progress")
      try write(isPromise: false) { db, _ in
        let held = try db.heldJob(id, attempt: attempt, locking: "l")
        try db.run(
          """
          INSERT INTO job_progress (job, progress) VALUES ($1, $2)
          ON CONFLICT (job) DO UPDATE SET progress = excluded.progress
          """, [held.number, text])
      }
    }

    /// See ``JobQueue/saveCheckpoint(_:attempt:iteration:blob:keepingEarlier:)``.
    public func saveCheckpoint(
      _ id: JobID, attempt: Int, iteration: Int, blob: SHA256Digest, keepingEarlier: Bool
    ) throws {
      try write { db, now in
        let held = try db.heldJob(id, attempt: attempt)
        _ = try db.blobRecord(blob)
        // Deaths count from the last progress on: whoever gets further is not poison.
        try db.run(
          """
          UPDATE jobs SET deaths = 0 WHERE number = $1 AND deaths > 0 AND $2 >
            coalesce((SELECT max(iteration) FROM checkpoints WHERE job = $1), 0)
          """, [held.number, iteration])
        // Later iterations are of a run that started over.
        let replaced = try db.all(
          """
          DELETE FROM checkpoints WHERE job = $1 AND (iteration >= $2 OR NOT $3) RETURNING blob
          """, [held.number, iteration, keepingEarlier]
        ).map { try $0.text("blob") }
        try db.run(
          """
          INSERT INTO checkpoints (job, iteration, attempt, blob, created_at)
          VALUES ($1, $2, $3, $4, $5)
          """, [held.number, iteration, attempt, blob.hex, now])
        for blob in Set(replaced).sorted() { try db.doomIfUnused(digest: blob) }
      }
      // Here and not later: a run of many iterations would pile up checkpoints.
      try removeDoomedBlobs()
    }

    /// See ``JobQueue/latestCheckpoint(_:)``.
    public func latestCheckpoint(_ id: JobID) throws -> CheckpointRecord? {
      try read { db in try db.checkpoints(ofJob: db.jobNumber(id)).first }
    }

    /// See ``JobQueue/checkpoint(_:iteration:)``.
    public func checkpoint(_ id: JobID, iteration: Int) throws -> CheckpointRecord? {
      try read { db in
        try db.checkpoints(ofJob: db.jobNumber(id), from: iteration, through: iteration).first
      }
    }

    /// See ``JobQueue/release(_:attempt:)``.
    public func release(_ id: JobID, attempt: Int) throws -> JobStatus {
      try giveBack(id, attempt: attempt)
    }

    /// See ``JobQueue/cancelled(_:attempt:)``.
    public func cancelled(_ id: JobID, attempt: Int) throws -> JobStatus {
      try giveBack(id, attempt: attempt)
    }

    /// See ``JobQueue/fail(_:attempt:error:)``.
    public func fail(_ id: JobID, attempt: Int, error: Data) throws {
      let text = try JSONColumn.text(error, field: "error")
      try write { db, now in
        let held = try db.heldJob(id, attempt: attempt)
        try db.finish(held.number, as: .failed, error: text, now: now)
      }
    }

    /// See ``JobQueue/died(_:attempt:error:)``.
    public func died(_ id: JobID, attempt: Int, error: Data) throws -> JobStatus {
      let text = try JSONColumn.text(error, field: "error")
      return try write { db, now in
        let held = try db.heldJob(id, attempt: attempt)
        let deaths = try db.number(
          "UPDATE jobs SET deaths = deaths + 1 WHERE number = $1 RETURNING deaths AS n",
          [held.number])
        guard !held.isCancelRequested, deaths >= Self.maximumDeaths else {
          return try db.giveBack(held, now: now)
        }
        try db.finish(held.number, as: .failed, error: text, now: now)
        return .failed
      }
    }

    private func giveBack(_ id: JobID, attempt: Int) throws -> JobStatus {
      try write { db, now in try db.giveBack(db.heldJob(id, attempt: attempt), now: now) }
    }

    /// See ``JobQueue/publish(_:attempt:model:)``.
    public func publish(_ id: JobID, attempt: Int, model: NewModel) throws -> ModelRecord {
      let row = try CheckedModel(model)
      let published: ModelRecord? = try write { db, now in
        let held = try db.heldJob(id, attempt: attempt)
        guard try db.isWanted(job: held.number) else {
          // Commits the cancellation; the error follows outside the transaction.
          try db.finish(held.number, as: .cancelled, now: now)
          return nil
        }
        let (number, record) = try db.insertModel(row, job: held.number, now: now)
        try db.finish(held.number, as: .succeeded, model: number, now: now)
        return record
      }
      guard let published else { throw StoreError.jobAbandoned(id) }
      return published
    }
  }

  /// A running job as the holder of its lease sees it.
  struct HeldJob {
    let number: Int64
    let isCancelRequested: Bool
  }

  extension PostgresSession {
    /// Cancels the job if that is still wanted, else queues it again.
    fileprivate func giveBack(_ held: HeldJob, now: Int64) throws -> JobStatus {
      if held.isCancelRequested {
        try finish(held.number, as: .cancelled, now: now)
        return .cancelled
      }
      try run("UPDATE jobs SET status = 'queued' WHERE number = $1", [held.number])
      try run("DELETE FROM job_leases WHERE job = $1", [held.number])
      return .queued
    }

    /// Locks the job's lease, and the job too unless only the lease is asked for: nobody takes it meanwhile.
    /// - Throws: ``StoreError/leaseLost(_:attempt:)`` unless this attempt runs the job.
    func heldJob(_ id: JobID, attempt: Int, locking: String = "j, l") throws -> HeldJob {
      guard
        let row = try first(
          """
          SELECT j.number, j.cancel_requested FROM jobs j JOIN job_leases l ON l.job = j.number
          WHERE j.id = $1 AND l.attempt = $2 AND l.worker IS NOT NULL FOR UPDATE OF \(locking)
          """, [id.rawValue, attempt])
      else { throw StoreError.leaseLost(id, attempt: attempt) }
      return HeldJob(
        number: try row.integer("number"), isCancelRequested: try row.bool("cancel_requested"))
    }

    /// A job's checkpoints of a range of iterations, the latest first.
    fileprivate func checkpoints(
      ofJob job: Int64, from first: Int = 0, through last: Int = .max
    ) throws -> [CheckpointRecord] {
      try all(
        """
        SELECT c.attempt, c.iteration, c.blob, b.size, c.created_at
        FROM checkpoints c JOIN blobs b ON b.digest = c.blob
        WHERE c.job = $1 AND c.iteration BETWEEN $2 AND $3 ORDER BY c.iteration DESC
        """, [job, first, last]
      ).map { row in
        CheckpointRecord(
          attempt: try row.int("attempt"), iteration: try row.int("iteration"),
          blob: BlobRecord(digest: try row.digest("blob"), size: try row.amount("size")),
          createdAt: try row.date("created_at"))
      }
    }

    /// Adds a model for all who wait for it.
    fileprivate func insertModel(_ model: CheckedModel, job: Int64, now: Int64) throws -> (
      number: Int64, record: ModelRecord
    ) {
      let isLong = model.labelCount > ShortRows.elements
      guard
        let row = try first(
          Self.insertModelQuery,
          [
            ModelID.random().rawValue, model.blob.hex, model.labels,
            isLong ? model.firstLabels : nil, model.labelCount, model.card,
            isLong ? withoutLabels(card: model.card) : nil, model.metadata, now, job,
          ])
      else { throw StoreError.notFound(.blob, model.blob.hex) }
      let number = try row.integer("number")
      for file in model.files {
        let blob = try blobRecord(file.blob)
        try run(
          """
          INSERT INTO model_files (model, name, blob, size, media_type) VALUES ($1, $2, $3, $4, $5)
          """, [number, file.name, blob.digest.hex, blob.size, file.mediaType])
      }
      return (number, try modelRecord(row, hasFiles: !model.files.isEmpty))
    }

    /// In one statement: the blob stays until the transaction ends, the model refers to it, and all who
    /// asked for the job have it. No row without the blob.
    private static let insertModelQuery = """
      WITH bytes AS (SELECT digest, size FROM blobs WHERE digest = $2 FOR KEY SHARE),
      model AS (
        INSERT INTO models (id, fingerprint, job, base_model, blob, size, labels, first_labels,
          label_count, card, short_card, metadata, created_at, used_at)
        SELECT $1, j.fingerprint, j.number, j.base_model, b.digest, b.size, $3, $4, $5, $6, $7, $8, $9, $9
        FROM jobs j, bytes b WHERE j.number = $10 RETURNING *
      ), given AS (
        INSERT INTO model_users (user_id, model, added_at)
        SELECT r.user_id, m.number, $9 FROM job_requesters r, model m WHERE r.job = $10
      )
      SELECT \(modelColumns(isWhole: true)) FROM model m
      """

    /// A model's card without what it says of each label.
    private func withoutLabels(card: String) throws -> String {
      // jsonb would write the numbers in another way.
      try first(
        """
        SELECT CASE json_typeof($1::json) WHEN 'object' THEN (SELECT '{' || coalesce(string_agg(
            to_json(e.key)::text || ':' || CASE
              WHEN e.key = 'classes' THEN '[]'
              WHEN e.key = 'accuracy' AND json_typeof(e.value) = 'object' THEN
                (SELECT '{' || coalesce(string_agg(to_json(a.key)::text || ':' ||
                    CASE a.key WHEN 'per_class' THEN '{}' ELSE a.value::text END, ','), '') || '}'
                  FROM json_each(e.value) a)
              ELSE e.value::text END, ','), '') || '}' FROM json_each($1::json) e)
          ELSE $1 END AS text
        """, [card])?.text("text") ?? card
    }
  }
#endif
