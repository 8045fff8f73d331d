import Dispatch
import Foundation
import ModelFormats
import Pruning
import ServiceAPI
import Store

/// Writes a run's progress to its job: the job row at most four times a second, the log at each
/// change of stage and after each iteration. What cannot be written now, on a full disk for instance,
/// is left out: the run is worth more than its progress.
final class ProgressReporter {
  private let store: any JobQueue
  private let job: JobRecord
  private var last: PersonalizationProgress?
  private var lastWrite = DispatchTime(uptimeNanoseconds: 0)
  private static let interval: UInt64 = 250_000_000

  init(store: any JobQueue, job: JobRecord) {
    self.store = store
    self.job = job
  }

  func report(_ progress: PersonalizationProgress) throws {
    let isNewStage =
      progress.stage != last?.stage || progress.iteration != last?.iteration
    last = progress
    let now = DispatchTime.now()
    guard isNewStage || now.uptimeNanoseconds - lastWrite.uptimeNanoseconds > Self.interval else {
      return
    }
    lastWrite = now
    try leniently {
      try store.updateProgress(
        job.id, attempt: job.attempt, progress: CanonicalJSON.data(Self.resource(progress)))
    }
    if isNewStage, progress.stage != .pruning {
      let place =
        progress.iteration > 0 ? " (iteration \(progress.iteration) of \(progress.of))" : ""
      try append("stage", "\(progress.stage.rawValue)\(place)", progress)
    }
  }

  func finished(iteration: Int) throws {
    guard let progress = last else { return }
    let accuracy = progress.accuracy.map { String(format: "%.2f %%", $0 * 100) } ?? "unknown"
    try append(
      "iteration",
      String(format: "iteration %d: sparsity %.4f, ", iteration, progress.sparsity)
        + "validation accuracy \(accuracy)", progress)
  }

  private func append(_ type: String, _ message: String, _ progress: PersonalizationProgress)
    throws
  {
    try leniently {
      _ = try store.append(
        NewEvent(
          type: type, message: message,
          data: CanonicalJSON.data(Self.resource(progress))), to: job.id)
    }
  }

  private func leniently(_ body: () throws -> Void) throws {
    do { try body() } catch let error as StoreError where error.mayPass {}
  }

  private static func resource(_ progress: PersonalizationProgress) -> JobResource.Progress {
    JobResource.Progress(
      stage: progress.stage.rawValue, iteration: progress.iteration, of: progress.of,
      epoch: progress.epoch, sparsity: progress.sparsity, accuracy: progress.accuracy,
      loss: progress.loss, fraction: progress.fraction)
  }
}
