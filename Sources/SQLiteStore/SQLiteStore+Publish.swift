import Digests
import GRDB
import Store

extension SQLiteStore {
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
      let number = try db.insertModel(row, job: held.number, now: now)
      try db.run(
        """
        INSERT INTO model_users (user, model, added_at)
        SELECT user, ?, ? FROM job_requesters WHERE job = ?
        """, [number, now, held.number])
      try db.finish(held.number, as: .succeeded, now: now)
      try db.run("UPDATE jobs SET result_model = ? WHERE number = ?", [number, held.number])
      return try db.modelRecord(number: number)
    }
    guard let published else { throw StoreError.jobAbandoned(id) }
    return published
  }
}

extension Database {
  fileprivate func insertModel(_ model: CheckedModel, job: Int64, now: Int64) throws -> Int64 {
    let blob = try blobRecord(model.blob)
    let isLong = model.labelCount > ShortRows.elements
    try run(
      """
      INSERT INTO models (id, fingerprint, job, base_model, blob, size, labels, card, metadata,
        created_at, used_at, label_count)
      SELECT ?1, fingerprint, number, base_model, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8 FROM jobs
      WHERE number = ?9
      """,
      [
        ModelID.random().rawValue, blob.digest.hex, blob.size, model.firstLabels,
        isLong ? withoutLabels(card: model.card) : model.card,
        model.metadata, now, model.labelCount, job,
      ])
    let number = lastInsertedRowID
    if isLong {
      try run(
        "INSERT INTO model_documents (model, labels, card) VALUES (?, ?, ?)",
        [number, model.labels, model.card])
    }
    for file in model.files {
      let blob = try blobRecord(file.blob)
      try run(
        "INSERT INTO model_files (model, name, blob, size, media_type) VALUES (?, ?, ?, ?, ?)",
        [number, file.name, blob.digest.hex, blob.size, file.mediaType])
    }
    return number
  }
}
