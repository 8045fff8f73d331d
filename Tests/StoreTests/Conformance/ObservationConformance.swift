import Foundation
import Store
import Testing

/// What every ``ChangeNotifier``, ``ObservedStore`` and ``MaintainedStore`` must do.
enum ObservationConformance {
  static let all: [ConformanceCase] = [
    ConformanceCase("what is committed is told") { fixture in
      let calls = Collector<Int>()
      fixture.store.onCommit { calls.append(1) }
      try fixture.submit("ann", "bags")
      #expect(!calls.values.isEmpty)
    },
    ConformanceCase("the store says where it is, and counts what it holds") { fixture in
      let store = fixture.store
      #expect(!store.address.isEmpty && store.schemaVersion > 0)
      #expect(store.writing == .writable)
      try store.requireDatabase()
      let model = try fixture.publishedModel("ann", "made")
      try fixture.submit("bob", "waiting")
      let statistics = try store.statistics()
      #expect(statistics.users == 2 && statistics.models == 1 && statistics.blobs == 2)
      #expect(statistics.jobs[.queued] == 1 && statistics.jobs[.succeeded] == 1)
      #expect(statistics.jobs.count == JobStatus.allCases.count)
      #expect(statistics.blobBytes == model.blob.size + Int64("dense weights".utf8.count))
    },
    ConformanceCase("a check reads every job, model, data set and blob") { fixture in
      _ = try fixture.publishedModel("ann", "made")
      let seen = Collector<String>()
      let report = try fixture.store.check { record in
        switch record {
        case .job: seen.append("job")
        case .model: seen.append("model")
        case .dataset: seen.append("data set")
        }
      }
      #expect(report.isHealthy, "\(report.faults)")
      #expect(report.blobsChecked == 2)
      #expect(seen.values.sorted() == ["data set", "job", "model"])
    },
  ]
}
