import ControlPlane
import Dispatch
import Foundation
import Logging
import Store
import Synchronization

/// Forgets in time: collects blobs nobody refers to, lets job logs, idempotency keys, finished jobs and
/// unused models expire, and overwrites what deleted users left in the database file.
final class Housekeeping: Sendable {
  private let store: any CompleteStore
  private let configuration: Service.Configuration.Housekeeping
  private let uses: Uses<ModelID>
  private let tokenUses: Uses<TokenID>
  private let predictions: SessionCache
  private let logger: Logger
  private let queue = DispatchQueue(label: "crisp.housekeeping", qos: .utility)
  private let isStopped = Mutex(false)
  /// When remains may be erased again.
  private let nextErasure = Mutex(DispatchTime(uptimeNanoseconds: 0))
  private let isErasureDue = Mutex(false)
  /// When bytes that belong to nobody are looked for again. The first time is anywhere within the first
  /// hour: servers that are started together do not all read the whole list together.
  private let nextSearch: Mutex<DispatchTime>

  init(
    store: any CompleteStore, configuration: Service.Configuration.Housekeeping,
    uses: Uses<ModelID>,
    tokenUses: Uses<TokenID>, predictions: SessionCache, logger: Logger
  ) {
    self.uses = uses
    self.tokenUses = tokenUses
    self.predictions = predictions
    self.store = store
    self.configuration = configuration
    self.logger = logger
    nextSearch = Mutex(.now() + .random(in: 0...min(3600, configuration.orphanInterval)))
  }

  /// Tidies now and at every interval.
  func start() { tidy(after: 0) }

  /// Waits for what is under way and erases what deletions left, if there is time; the next server
  /// does the rest.
  func stop(deadline: DispatchTime) {
    isStopped.withLock { $0 = true }
    let done = DispatchGroup()
    queue.async(group: done) { [self] in
      if DispatchTime.now() < deadline { writeUses() }
      if DispatchTime.now() < deadline { erase() }
    }
    _ = done.wait(timeout: deadline)
  }

  /// A user was deleted: erases soon. Erasing holds up other writers, in proportion to the number of
  /// users, so it takes a twentieth of the time at most.
  func eraseSoon() {
    let isFirst = isErasureDue.withLock { isDue in
      defer { isDue = true }
      return !isDue
    }
    guard isFirst else { return }
    queue.asyncAfter(deadline: max(.now(), nextErasure.withLock { $0 })) { [weak self] in
      guard let self, !self.isStopped.withLock({ $0 }) else { return }
      self.erase()
    }
  }

  private func tidy(after seconds: TimeInterval) {
    queue.asyncAfter(deadline: .now() + seconds) { [weak self] in
      guard let self, !self.isStopped.withLock({ $0 }) else { return }
      self.tidy()
      self.tidy(after: self.configuration.interval)
    }
  }

  private func tidy() {
    attempt("collect unused blobs") {
      let blobs = try store.collectGarbage(olderThan: configuration.grace)
      guard !blobs.isEmpty else { return }
      logger.info(
        "collected unused blobs",
        metadata: ["blobs": "\(blobs.count)", "bytes": "\(blobs.reduce(0) { $0 + $1.size })"])
    }
    removeOrphans()
    attempt("forget idempotency keys") {
      _ = try store.expireIdempotencyKeys(olderThan: configuration.keyLifetime)
    }
    attempt("forget job logs") { _ = try store.expireLogs(olderThan: configuration.logLifetime) }
    writeUses()
    attempt("delete old jobs") {
      let count = try store.expireJobs(
        olderThan: configuration.jobLifetime, beyond: configuration.jobLimit)
      if count > 0 { logger.info("deleted old jobs", metadata: ["jobs": "\(count)"]) }
    }
    attempt("delete unused models") {
      let models = try store.expireModels(unusedFor: configuration.modelLifetime)
      guard !models.isEmpty else { return }
      predictions.drop(models)
      logger.notice("deleted unused models", metadata: ["models": "\(models.count)"])
    }
    erase()
  }

  private func removeOrphans() {
    guard DispatchTime.now() >= nextSearch.withLock({ $0 }) else { return }
    attempt("remove bytes that belong to nobody") {
      let count = try store.removeOrphans()
      nextSearch.withLock { $0 = .now() + configuration.orphanInterval }
      if count > 0 {
        logger.notice("removed bytes that belonged to nobody", metadata: ["objects": "\(count)"])
      }
    }
  }

  private func writeUses() {
    attempt("write down which models were used") { try store.markUsed(uses.take()) }
    attempt("write down which tokens were used") { try store.markUsed(tokenUses.take()) }
  }

  private func erase() {
    isErasureDue.withLock { $0 = false }
    let start = DispatchTime.now()
    attempt("erase what deleted users left") {
      if try !store.eraseRemains() { logger.info("readers hold up an erasure; it is repeated") }
    }
    let end = DispatchTime.now()
    let pause = 20 * (end.uptimeNanoseconds - start.uptimeNanoseconds)
    nextErasure.withLock {
      $0 = DispatchTime(uptimeNanoseconds: end.uptimeNanoseconds &+ pause)
    }
  }

  /// What fails now, on a full disk for instance, is done at the next interval.
  private func attempt(_ what: String, _ work: () throws -> Void) {
    do { try work() } catch {
      logger.warning("cannot \(what)", metadata: ["error": "\(error)"])
    }
  }
}
