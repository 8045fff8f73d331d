import Digests
import Foundation

/// Where requests become jobs and workers take them.
///
/// Execution is at least once, publication exactly once: a claim raises the job's attempt number,
/// and every later call of a worker names the attempt it works for, so that a worker that lost its
/// lease cannot write over its successor. Calls block and may come from any thread.
public protocol JobQueue: Sendable {
  // MARK: Users' side

  /// Answers a request in one transaction: records the user's profile, then finds the model or the
  /// open job of equal fingerprint, or queues a new job.
  ///
  /// A repeated request under its idempotency key changes nothing and returns the first one's job.
  /// Failed and cancelled jobs do not answer requests. Joining a running job withdraws a request to
  /// cancel it.
  /// - Throws: ``StoreError/queueFull(scope:limit:)``, ``StoreError/quotaExceeded(stored:limit:)``, ``StoreError/idempotencyKeyReused(_:)``,
  ///   ``StoreError/notFound(_:_:)`` for the base model, ``StoreError/invalidValue(field:reason:)``.
  func submit(_ submission: Submission) throws -> SubmissionOutcome

  /// - Throws: ``StoreError/notFound(_:_:)``.
  func job(_ id: JobID) throws -> JobRecord

  /// The job of an earlier request under the same key, as it is now; `nil` when the key is free.
  /// - Throws: ``StoreError/idempotencyKeyReused(_:)`` when that request was another one.
  func earlierJob(of user: UserID, under key: IdempotencyKey) throws -> JobRecord?

  /// Everyone who gets the job's result, in the order they asked. Can be very many.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func requesters(of id: JobID) throws -> [UserID]

  /// Whether the user gets the job's result.
  /// - Throws: ``StoreError/notFound(_:_:)`` when there is no such job.
  func isRequester(_ user: UserID, of id: JobID) throws -> Bool

  /// What one user asked for; nil when the user does not wait for the job.
  /// - Throws: ``StoreError/notFound(_:_:)`` when there is no such job.
  func requester(_ user: UserID, of id: JobID) throws -> RequesterRecord?

  /// Jobs, newest first, that are older than `after`. A user's jobs go by when the user asked, which
  /// for a job that another user asked for before is later than the job.
  /// - Throws: ``StoreError/notFound(_:_:)`` when there is no job `after`,
  ///   ``StoreError/invalidValue(field:reason:)`` unless `limit` is 1 to 1000.
  func jobs(_ filter: JobFilter, after: JobID?, limit: Int) throws -> Page<JobRecord>

  /// Jobs that workers take before this one, as things stand; `nil` unless it waits.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func position(of id: JobID) throws -> Int?

  /// How much there is to do.
  func backlog() throws -> Backlog

  /// Stops a job for everyone who waits for it: a queued job is cancelled at once, a running one
  /// when its worker answers the flag. Asking twice is the same as once.
  /// - Returns: The job as it is then.
  /// - Throws: ``StoreError/jobFinished(_:_:)``, ``StoreError/notFound(_:_:)``.
  func requestCancel(_ id: JobID) throws -> JobRecord

  /// Stops a job for one user: others who wait keep it, and the last one's leaving cancels it.
  /// - Returns: The job as it is then.
  /// - Throws: ``StoreError/jobFinished(_:_:)``; ``StoreError/notFound(_:_:)`` when there is no such
  ///   job or the user does not wait for it.
  func withdraw(_ user: UserID, from id: JobID) throws -> JobRecord

  /// Appends to a job's log.
  /// - Returns: The event with its number.
  /// - Throws: ``StoreError/notFound(_:_:)``, ``StoreError/invalidValue(field:reason:)``.
  func append(_ event: NewEvent, to id: JobID) throws -> EventRecord

  /// A job's events, oldest first, whose number is greater than `after`.
  /// - Throws: ``StoreError/notFound(_:_:)``, ``StoreError/invalidValue(field:reason:)``.
  func events(of id: JobID, after: Int64, limit: Int) throws -> Page<EventRecord>

  // MARK: Workers' side

  /// Hands out a job that is queued or whose lease ran out; `nil` when there is none.
  ///
  /// The highest priority goes first. Among equals the owners take turns, each one's oldest job
  /// first, and each job puts its owner's next one back by its cost, so that owners who queue get
  /// equal shares of cost, not of jobs.
  ///
  /// A job whose lease ran out ``maximumDeaths`` times since its last checkpoint is failed with the
  /// code `worker_died_repeatedly`; one that was to be cancelled when its worker died is cancelled.
  /// Of jobs that died together, only those count it whose memory exceeded their estimate, if there
  /// are any.
  /// - Parameters:
  ///   - worker: Names the lease's holder.
  ///   - lease: Seconds until the lease runs out unless ``heartbeat(_:attempt:worker:lease:memory:)``
  ///     extends it.
  ///   - held: Base models whose jobs wait.
  ///   - labels: What the worker's machine has, see ``WorkerLabel``. Jobs that need anything else wait,
  ///     in their turn, and hold up no others.
  func claim(
    worker: String, lease: TimeInterval, holding held: [String], having labels: [String]
  ) throws -> JobRecord?

  /// Extends the lease to `lease` seconds from now. A lease that ran out can be extended as long as
  /// nobody has taken the job. `memory` is what the attempt has taken so far, in bytes; the most is
  /// kept.
  /// - Returns: Whether the worker should stop.
  /// - Throws: ``StoreError/leaseLost(_:attempt:)``.
  func heartbeat(
    _ id: JobID, attempt: Int, worker: String, lease: TimeInterval, memory: Int64
  ) throws -> Bool

  /// Replaces the job's progress, a JSON document.
  /// - Throws: ``StoreError/leaseLost(_:attempt:)``, ``StoreError/invalidValue(field:reason:)``.
  func updateProgress(_ id: JobID, attempt: Int, progress: Data) throws

  /// Makes a blob stored before the checkpoint of an iteration. The checkpoints of later iterations
  /// go, which belong to a run that started over, and unless `keepingEarlier` is set those of earlier
  /// ones, with their bytes. A later iteration than before sets the count of deaths back.
  /// - Throws: ``StoreError/leaseLost(_:attempt:)``, ``StoreError/notFound(_:_:)`` for the blob.
  func saveCheckpoint(
    _ id: JobID, attempt: Int, iteration: Int, blob: SHA256Digest, keepingEarlier: Bool
  ) throws

  /// The checkpoint from which to resume; `nil` before the first.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func latestCheckpoint(_ id: JobID) throws -> CheckpointRecord?

  /// The checkpoint of one iteration; `nil` when it is not kept.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func checkpoint(_ id: JobID, iteration: Int) throws -> CheckpointRecord?

  /// Puts a job back, with its checkpoint and without counting a death; for a graceful shutdown.
  /// A job that was to be cancelled is cancelled.
  /// - Returns: The status the job got.
  /// - Throws: ``StoreError/leaseLost(_:attempt:)``.
  @discardableResult
  func release(_ id: JobID, attempt: Int) throws -> JobStatus

  /// Ends a job with an error, a JSON document.
  /// - Throws: ``StoreError/leaseLost(_:attempt:)``, ``StoreError/invalidValue(field:reason:)``.
  func fail(_ id: JobID, attempt: Int, error: Data) throws

  /// Ends an attempt whose own process died while its worker lived: counts a death, as a lease that ran
  /// out does, and queues the job again, or fails it with an error, a JSON document, when that was the
  /// last of ``maximumDeaths`` since its last checkpoint. A job that was to be cancelled is cancelled.
  /// - Returns: The status the job got.
  /// - Throws: ``StoreError/leaseLost(_:attempt:)``, ``StoreError/invalidValue(field:reason:)``.
  @discardableResult
  func died(_ id: JobID, attempt: Int, error: Data) throws -> JobStatus

  /// Ends a job that its worker stopped on request. Where someone joined the job in the meantime,
  /// and so withdrew the request, the job is queued again.
  /// - Returns: The status the job got.
  /// - Throws: ``StoreError/leaseLost(_:attempt:)``.
  @discardableResult
  func cancelled(_ id: JobID, attempt: Int) throws -> JobStatus

  /// Makes the model, its links to all who wait and the job's success visible in one transaction,
  /// and drops the checkpoint.
  /// - Throws: ``StoreError/leaseLost(_:attempt:)``; ``StoreError/jobAbandoned(_:)`` when nobody
  ///   waits any more; ``StoreError/notFound(_:_:)`` for a blob.
  func publish(_ id: JobID, attempt: Int, model: NewModel) throws -> ModelRecord

  /// Lets every running job be claimed at once, and shuts out their former workers. Call it at
  /// start-up, before the first claim, where nobody else works on the database, so that whoever ran them
  /// is dead.
  /// - Returns: The jobs, oldest first.
  @discardableResult
  func recoverAll() throws -> [JobID]

  // MARK: Expiry

  /// Forgets idempotency keys that are older than `age` seconds.
  /// - Returns: How many.
  @discardableResult
  func expireIdempotencyKeys(olderThan age: TimeInterval) throws -> Int

  /// Deletes the events of jobs that ended more than `age` seconds ago; and the jobs themselves that
  /// made no model and that nobody asked for who is still here.
  /// - Returns: How many jobs lost their events.
  @discardableResult
  func expireLogs(olderThan age: TimeInterval) throws -> Int

  /// Deletes finished jobs without a model: those that ended more than `age` seconds ago, and the
  /// oldest beyond `count`.
  /// - Returns: How many.
  @discardableResult
  func expireJobs(olderThan age: TimeInterval, beyond count: Int) throws -> Int
}

extension JobQueue {
  /// How many expired leases fail a job.
  public static var maximumDeaths: Int { 3 }

  /// ``heartbeat(_:attempt:worker:lease:memory:)`` of a worker that keeps no account of memory.
  public func heartbeat(
    _ id: JobID, attempt: Int, worker: String, lease: TimeInterval
  ) throws -> Bool {
    try heartbeat(id, attempt: attempt, worker: worker, lease: lease, memory: 0)
  }

  /// ``saveCheckpoint(_:attempt:iteration:blob:keepingEarlier:)`` of a job that goes on from the
  /// last checkpoint only.
  public func saveCheckpoint(
    _ id: JobID, attempt: Int, iteration: Int, blob: SHA256Digest
  ) throws {
    try saveCheckpoint(
      id, attempt: attempt, iteration: iteration, blob: blob, keepingEarlier: false)
  }
}
