import Foundation
import Store
import Testing

extension JobQueueConformance {
  static let labels: [ConformanceCase] = [
    ConformanceCase("a job waits for a worker that has all it needs") { fixture in
      let job = try fixture.submit("ann", "bags", requires: ["gpu-lab", "bf16", "gpu-lab"]).job
      #expect(job.requires == ["bf16", "gpu-lab"])
      #expect(try fixture.store.job(job.id).requires == ["bf16", "gpu-lab"])
      for some in [[], ["bf16"], ["gpu-lab", "avx2"], ["BF16", "gpu"]] {
        #expect(try fixture.claim(having: some) == nil)
      }
      #expect(try fixture.store.position(of: job.id) == 0)
      let taken = try #require(try fixture.claim(having: ["avx2", "bf16", "gpu-lab"]))
      #expect(taken.id == job.id && taken.requires == job.requires)
    },
    ConformanceCase("a job that needs nothing goes to any worker") { fixture in
      let first = try fixture.submit("ann", "bags").job
      let second = try fixture.submit("ann", "coats").job
      #expect(first.requires.isEmpty)
      #expect(try fixture.claim()?.id == first.id)
      #expect(try fixture.claim(having: ["bf16"])?.id == second.id)
    },
    ConformanceCase("a job that waits for its worker holds up no others and keeps its turn") {
      fixture in
      let waiting = try fixture.submit("ann", "a1", requires: ["gpu-lab"]).job
      for name in ["a2", "a3"] { try fixture.submit("ann", name) }
      for name in ["b1", "b2"] { try fixture.submit("bob", name) }
      var owners: [String] = []
      for _ in 0..<3 { owners.append(try #require(try fixture.claim()?.owner?.text)) }
      #expect(owners == ["bob", "ann", "bob"])
      // It was the first in the queue all the while.
      #expect(try fixture.claim(having: ["gpu-lab"])?.id == waiting.id)
      #expect(try fixture.claim()?.owner == UserID("ann"))
      #expect(try fixture.claim(having: ["gpu-lab"]) == nil)
    },
    ConformanceCase("equal requests share a job, which keeps what the first one needs") { fixture in
      let first = try fixture.submit("ann", "bags", requires: ["gpu-lab"]).job
      let second = try fixture.submit("bob", "bags").job
      #expect(second.id == first.id && second.requires == ["gpu-lab"])
      #expect(try fixture.claim() == nil)
    },
    ConformanceCase("a job goes from a dead worker to one that has what it needs") { fixture in
      let job = try fixture.submit("ann", "bags", requires: ["gpu-lab"]).job
      _ = try #require(try fixture.claim("w1", lease: 10, having: ["gpu-lab"]))
      fixture.clock.advance(10)
      #expect(try fixture.claim("w2") == nil)
      let taken = try #require(try fixture.claim("w3", lease: 10, having: ["gpu-lab"]))
      #expect(taken.id == job.id && taken.attempt == 2 && taken.deaths == 1)
    },
    ConformanceCase("anybody ends a job that was to be cancelled when its worker died") { fixture in
      let job = try fixture.submit("ann", "bags", requires: ["gpu-lab"]).job
      _ = try #require(try fixture.claim("w1", lease: 10, having: ["gpu-lab"]))
      _ = try fixture.store.requestCancel(job.id)
      fixture.clock.advance(10)
      #expect(try fixture.claim("w2") == nil)
      #expect(try fixture.store.job(job.id).status == .cancelled)
    },
    ConformanceCase("labels have a bounded form") { fixture in
      let names = (1...8).map { "l\($0)" }
      for bad in [
        [""], ["GPU"], ["a b"], ["é"], [String(repeating: "a", count: 64)], names + ["l9"],
      ] {
        let error = #expect(throws: StoreError.self) {
          try fixture.submit("ann", "bags", requires: bad)
        }
        guard case .invalidValue("requires", _) = error else {
          Issue.record("\(bad): \(String(describing: error))")
          continue
        }
      }
      let long = String(repeating: "a", count: 63)
      let job = try fixture.submit("ann", "bags", requires: names.dropLast() + [long]).job
      #expect(job.requires == [long] + names.dropLast())
    },
  ]
}
