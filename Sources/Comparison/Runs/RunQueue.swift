import Foundation
import Synchronization

/// Where a comparison is.
public struct ComparisonProgress: Sendable {
  /// A run that has just ended.
  public struct Finished: Sendable {
    /// What ran.
    public let run: PlannedRun
    /// What came out.
    public let record: RunRecord
  }

  /// Runs whose results are there, those of earlier starts too.
  public let done: Int
  /// All runs of the plan.
  public let total: Int
  /// Share of all work that is done, with the parts of runs under way, 0…1.
  public let fraction: Double
  /// An estimate; nil until something is known.
  public let secondsLeft: Double?
  /// Runs that ended since the last report.
  public let finished: [Finished]
}

/// What the workers of a comparison share.
final class RunQueue: Sendable {
  private struct State {
    var next = 0
    /// Share done of each run, by place.
    var shares: [Double]
    var finished = 0
    var news: [ComparisonProgress.Finished] = []
    var failure: ComparisonError?
    let file: ResultsFile
  }

  private let runs: [PlannedRun]
  private let total: Int
  private let start = Date()
  private let state: Mutex<State>

  /// `runs` are those to do, of `total`.
  init(_ runs: [PlannedRun], file: sending ResultsFile, total: Int) {
    self.runs = runs
    self.total = total
    state = Mutex(State(shares: [Double](repeating: 0, count: runs.count), file: file))
  }

  /// Whether a result could not be written: there is no use in making more.
  var hasFailed: Bool { state.withLock { $0.failure != nil } }

  /// The next run to do, with its place.
  func next() -> (slot: Int, run: PlannedRun)? {
    state.withLock { state in
      guard state.failure == nil, state.next < runs.count else { return nil }
      defer { state.next += 1 }
      return (state.next, runs[state.next])
    }
  }

  /// Tells how far a run is.
  func report(_ slot: Int, _ share: Double) {
    state.withLock { $0.shares[slot] = min(1, max(0, share)) }
  }

  /// Keeps a run's result.
  func finish(_ slot: Int, _ record: RunRecord) {
    state.withLock { state in
      do throws(ComparisonError) {
        try state.file.append(record)
      } catch {
        state.failure = state.failure ?? error
        return
      }
      state.shares[slot] = 1
      state.finished += 1
      state.news.append(ComparisonProgress.Finished(run: runs[slot], record: record))
    }
  }

  /// How things are; takes the news.
  func progress() -> ComparisonProgress {
    state.withLock { state in
      defer { state.news = [] }
      let all = runs.reduce(0) { $0 + $1.cost }
      let done = zip(runs, state.shares).reduce(0) { $0 + $1.0.cost * $1.1 }
      let share = all > 0 ? done / all : 1
      let elapsed = Date().timeIntervalSince(start)
      return ComparisonProgress(
        done: total - runs.count + state.finished, total: total,
        fraction: (Double(total - runs.count) + share * Double(runs.count))
          / Double(max(1, total)),
        secondsLeft: share > 0.001 ? elapsed * (1 - share) / share : nil, finished: state.news)
    }
  }

  /// All records; throws what kept one from being written.
  func records() throws(ComparisonError) -> [String: RunRecord] {
    let (records, failure) = state.withLock { ($0.file.records, $0.failure) }
    if let failure { throw failure }
    return records
  }
}
