import Comparison
import Foundation
import Pruning
import Synchronization
import TestSupport
import Testing

@Suite struct ComparisonRunTests {
  @Test func finishedRunsAreNotRepeated() throws {
    let folder = try TemporaryFolder()
    let runs = PretendedRuns()
    let plan = try Fixtures.plan()
    let first = try runs.comparison(plan, folder).run()
    #expect(runs.count == 8)
    #expect(first.missing == 0 && first.failed == 0)
    let again = try runs.comparison(plan, folder).run()
    #expect(runs.count == 8)
    #expect(again.csv == first.csv)
    // More of the same adds only what is new.
    var more = Fixtures.group()
    more.seeds = [0, 1, 2]
    _ = try runs.comparison(Fixtures.plan([more]), folder).run()
    #expect(runs.count == 12)
  }

  @Test func aTornLastLineIsRemovedAndItsRunRepeated() throws {
    let folder = try TemporaryFolder()
    let runs = PretendedRuns()
    let plan = try Fixtures.plan()
    _ = try runs.comparison(plan, folder).run()
    let whole = try folder.text("results.jsonl")
    try folder.write(Array(whole.utf8.dropLast(10)), to: "results.jsonl")
    let results = try runs.comparison(plan, folder).run()
    #expect(runs.count == 9)
    #expect(results.missing == 0)
    #expect(try folder.text("results.jsonl").split(separator: "\n").count == 8)
  }

  @Test func aDamagedLineIsNamed() throws {
    let folder = try TemporaryFolder()
    let runs = PretendedRuns()
    _ = try runs.comparison(Fixtures.plan(), folder).run()
    var lines = try folder.text("results.jsonl").split(separator: "\n").map(String.init)
    lines[2] = "{\"key\": 3}"
    try folder.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: "results.jsonl")
    let error = #expect(throws: ComparisonError.self) {
      try runs.comparison(Fixtures.plan(), folder).run()
    }
    #expect(error == .damagedResults(file: folder.file("results.jsonl"), line: 3))
  }

  @Test func twoProcessesDoNotShareAFile() throws {
    let folder = try TemporaryFolder()
    let file = try ResultsFile(folder.file("results.jsonl"))
    let error = #expect(throws: ComparisonError.self) {
      try PretendedRuns().comparison(Fixtures.plan(), folder).run()
    }
    #expect(error == .resultsInUse(file: folder.file("results.jsonl")))
    withExtendedLifetime(file) {}
  }

  @Test func aFailureIsRecordedAndTheRestGoesOn() throws {
    let folder = try TemporaryFolder()
    let runs = PretendedRuns { run in
      if run.recipe.seed == 1, run.recipe.pattern.rows == 4 {
        throw PruningError.verificationFailed(relativeError: 1, allowed: 0.5)
      }
      return Fixtures.outcome()
    }
    let plan = try Fixtures.plan()
    let results = try runs.comparison(plan, folder).run()
    #expect(results.failed == 2 && results.missing == 0)
    #expect(results.csv.contains("verification_failed"))
    #expect(results.summary.map(\.failed).reduce(0, +) == 2)
    _ = try runs.comparison(plan, folder).run()
    #expect(runs.count == 8, "failures are not repeated")
    let repaired = PretendedRuns()
    #expect(try repaired.comparison(plan, folder, retries: true).run().failed == 0)
    #expect(repaired.count == 2)
    #expect(try PretendedRuns().comparison(plan, folder).run().failed == 0, "the latest counts")
  }

  @Test func stoppingKeepsWhatHasEnded() throws {
    let folder = try TemporaryFolder()
    let isStopped = Mutex(false)
    let runs = PretendedRuns { run in
      // The third run is under way when the stop comes.
      if run.recipe.pattern.rows == 2, run.profile.entries.count == 3 {
        isStopped.withLock { $0 = true }
        throw PruningError.cancelled
      }
      return Fixtures.outcome()
    }
    let plan = try Fixtures.plan()
    let stopped = try runs.comparison(plan, folder, workers: 1)
      .run(isStopped: { isStopped.withLock { $0 } })
    #expect(stopped.missing == 6 && stopped.failed == 0)
    let rest = PretendedRuns()
    #expect(try rest.comparison(plan, folder).run().missing == 0)
    #expect(rest.count == 6)
  }

  @Test func progressCountsToTheEnd() throws {
    let folder = try TemporaryFolder()
    var all: [ComparisonProgress] = []
    _ = try PretendedRuns().comparison(Fixtures.plan(), folder).run(progress: { all.append($0) })
    #expect(all.last?.done == 8 && all.last?.total == 8 && all.last?.fraction == 1)
    #expect(all.flatMap(\.finished).count == 8)
  }

  /// The real thing: what comes out does not depend on how many runs go at once.
  @Test func workersDoNotChangeResults() throws {
    let material = try Fixtures.material(trained: true)
    var group = Fixtures.group()
    group.seeds = [0]
    let plan = try Plan(Suite(groups: [group]), material: material)
    let outcomes = try [1, 2].map { workers in
      let folder = try TemporaryFolder()
      let results = try Comparison(plan, folder: folder.path, workers: workers).run()
      #expect(results.failed == 0, "\(results.csv)")
      let files = try results.write(to: folder.path)
      #expect(files.contains("accuracy-main-k3.svg") && files.contains("density-main-70.svg"))
      return (results.runs.map(\.record?.outcome), results.summaryCSV, results.charts.map(\.svg))
    }
    #expect(outcomes[0].0 == outcomes[1].0)
    #expect(outcomes[0].1 == outcomes[1].1)
    #expect(outcomes[0].2 == outcomes[1].2)
    #expect(outcomes[0].0.allSatisfy { ($0?.sparsity ?? 0) >= 0.7 })
  }
}
