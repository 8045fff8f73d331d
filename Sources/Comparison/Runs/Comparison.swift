import Dispatch
import Foundation
import Pruning

/// Runs a plan: several runs at once, each on one thread, each finished one kept in
/// `results.jsonl`, so that a comparison that was stopped goes on where it was.
public struct Comparison: Sendable {
  /// What a run asks and tells while it is under way.
  package typealias Execution =
    @Sendable (
      _ run: PlannedRun, _ isCancelled: @escaping () -> Bool, _ progress: (Double) -> Void
    ) throws -> RunOutcome

  private let plan: Plan
  private let folder: String
  private let workers: Int
  private let retriesFailures: Bool
  private let execute: Execution

  /// A comparison whose files are in `folder`. `workers` runs go at once; failed ones are done again
  /// only if `retriesFailures`.
  public init(_ plan: Plan, folder: String, workers: Int, retriesFailures: Bool = false) {
    let material = plan.material
    self.init(plan, folder: folder, workers: workers, retriesFailures: retriesFailures) {
      run, isCancelled, progress in
      let hooks = { (progress: @escaping (Double) -> Void) in
        Personalization.Hooks(isCancelled: isCancelled, progress: { progress($0.fraction) })
      }
      let result = try withoutActuallyEscaping(progress) {
        try material.personalization(run).run(hooks: hooks($0))
      }
      return RunOutcome(result.report, profile: run.profile)
    }
  }

  package init(
    _ plan: Plan, folder: String, workers: Int, retriesFailures: Bool = false,
    execute: @escaping Execution
  ) {
    self.plan = plan
    self.folder = folder
    self.workers = max(1, workers)
    self.retriesFailures = retriesFailures
    self.execute = execute
  }

  /// Runs what is not there yet and returns what is there in the end. When `isStopped` turns true,
  /// runs under way are dropped and finished ones returned. `progress` is called on this thread,
  /// twice a second.
  ///
  /// Throws when the results cannot be read or written.
  public func run(
    isStopped: @escaping @Sendable () -> Bool = { false },
    progress: (ComparisonProgress) -> Void = { _ in }
  ) throws -> ComparisonResults {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw ComparisonError.fileFailed(file: folder, reason: "the folder cannot be made")
    }
    let file = try ResultsFile("\(folder)/results.jsonl")
    let open = plan.runs.filter { run in
      guard let record = file.records[run.key] else { return true }
      return retriesFailures && record.failure != nil
    }
    let queue = RunQueue(open, file: file, total: plan.runs.count)
    let group = DispatchGroup()
    for index in 0..<min(workers, open.count) {
      // A queue of its own whose only block lasts: Dispatch gives each a thread, and a network
      // belongs to the thread that made it.
      DispatchQueue(label: "crisp.compare.\(index)").async(group: group) { [execute] in
        while !isStopped(), let (slot, run) = queue.next() {
          let start = Date()
          let result: Result<RunOutcome, RunFailure>
          do {
            result = .success(
              try execute(run, { isStopped() || queue.hasFailed }) { queue.report(slot, $0) })
          } catch {
            if isStopped() || queue.hasFailed { return }
            let failure = ComparisonError.failure(for: error)
            result = .failure(RunFailure(code: failure.code, message: failure.message))
          }
          queue.finish(
            slot, RunRecord(run, result, seconds: Date().timeIntervalSince(start)))
        }
      }
    }
    progress(queue.progress())
    while group.wait(timeout: .now() + 0.5) == .timedOut {
      progress(queue.progress())
    }
    progress(queue.progress())
    return ComparisonResults(plan, records: try queue.records())
  }
}
