import Digests
import Foundation
import JobContract
import JobWorker
import Logging
import Metrics
import ObjectStore
import PersonalizationService
import Pruning
import SQLiteStore
import Store
import TestSupport
import Testing

/// What is a worker's own fault is no job's: it goes back to the queue, whole, for whoever is well.
@Suite struct WorkerFaultTests {
  /// A cache whose disk is full.
  private struct FullCache: InputCache {
    func bytes(_ reader: BlobReader) throws -> Data {
      throw StoreError.cacheUnusable(path: "/some/where", reason: "No space left on device")
    }

    func folder(
      _ digest: SHA256Digest, size: Int64, checkCancellation: () throws -> Void,
      fill: (_ path: String) throws -> Void
    ) throws -> (path: String, hold: any AnyObject & Sendable) {
      throw StoreError.cacheUnusable(path: "/some/where", reason: "No space left on device")
    }

    func forget(_ digest: SHA256Digest) {}
  }

  /// Takes the one job there is with a worker of its own.
  /// - Returns: The job as it is then, and what its last event says.
  private func attempt(
    cache: (any InputCache)?, isolation: JobWorker.JobIsolation? = nil
  ) throws -> (job: JobRecord, type: String, message: String) {
    let server = try TestService { $0.workers = 0 }
    _ = try server.jobs.submit()
    server.stop()
    let store = try SQLiteStore(path: server.database)
    defer { try? store.close() }
    var configuration = JobRunner.Configuration()
    configuration.threadsPerWorker = 1
    configuration.isolation = isolation
    var quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    quiet.logLevel = .critical
    let runner = JobRunner(
      store: store, library: ModelLibrary(store: store, cache: cache),
      estimator: JobEstimator(
        store: store, threads: 1,
        limits: RunLimits(
          steps: .max, seconds: .infinity, memoryBytes: .max, diskBytes: .max)),
      configuration: configuration, metrics: JobMetrics(MetricsRegistry()), logger: quiet)
    let job = try #require(try runner.runOne())
    let event = try #require(try store.events(of: job.id, after: 0, limit: 100).elements.last).event
    return (job, event.type, event.message)
  }

  @Test func aCacheThatCannotBeUsedCostsNoJob() throws {
    let (job, type, message) = try attempt(cache: FullCache())
    #expect(job.status == .queued && job.deaths == 0 && job.error == nil)
    #expect(type == "released")
    // Where it is is for the operator.
    #expect(message.contains("the worker's disk") && !message.contains("/some/where"))
  }

  /// No memory, too many processes, a program that is just being replaced: no job has died of it.
  @Test func aProcessThatCannotBeStartedIsNoDeath() throws {
    let (job, type, message) = try attempt(
      cache: nil, isolation: JobWorker.JobIsolation(program: "/nowhere/crisp-server"))
    #expect(job.status == .queued && job.deaths == 0 && job.error == nil)
    #expect(type == "released")
    #expect(message.contains("start a process") && !message.contains("/nowhere"))
  }

  @Test func pausesGrowUntilAJobIsDone() {
    var pause = ClaimPause(lease: 30)
    #expect(pause.after(givenBack: false) == nil)
    #expect((0..<6).map { _ in pause.after(givenBack: true) } == [1, 2, 4, 8, 10, 10])
    #expect(pause.after(givenBack: false) == nil)
    #expect(pause.after(givenBack: true) == 1)
    var short = ClaimPause(lease: 1.5)
    #expect((0..<2).map { _ in short.after(givenBack: true) } == [0.5, 0.5])
  }

  /// Something else is where the cache was: not even root can write there.
  @Test func whatCannotBeKeptIsReadThrough() throws {
    let folder = try TemporaryFolder()
    let store = try SQLiteStore(path: folder.file("crisp.sqlite"))
    let data = Data(repeating: 7, count: 2 << 20)
    let reader = try store.open(try store.put(data).digest)
    let small = FetchedInputs(try BlobCache(folder: folder.file("small"), capacity: 1 << 20))
    #expect(try small.bytes(reader) == data)

    let path = folder.file("cache")
    let broken = FetchedInputs(try BlobCache(folder: path, capacity: 8 << 20))
    #expect(try broken.bytes(reader) == data)
    try FileManager.default.removeItem(atPath: path)
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(try broken.bytes(reader) == data)
    let error = try #require(throws: StoreError.self) {
      _ = try broken.folder(reader.digest, size: 1, checkCancellation: {}) { _ in }
    }
    #expect(error.code == "cache_unusable")
    #expect(error.description.contains(path) && error.description.contains("--cache"))
  }
}
