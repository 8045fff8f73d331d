import Foundation
import Store
import Testing

extension Fixture {
  fileprivate func submitWithEvent(_ what: String) throws -> JobID {
    let id = try submit("ann", what).job.id
    _ = try store.append(NewEvent(type: "note", message: what), to: id)
    return id
  }

  fileprivate func eventCount(_ id: JobID) throws -> Int {
    try store.events(of: id, after: 0, limit: 10).elements.count
  }
}

extension JobQueueConformance {
  /// Claims until there is nothing left; the owners and what they asked for.
  private static func order(_ fixture: Fixture) throws -> [String] {
    var order: [String] = []
    while let job = try fixture.claim() {
      let profile = try JSONDecoder().decode([String: String].self, from: job.profile)
      order.append(profile["of"] ?? "")
    }
    return order
  }

  static let fairness: [ConformanceCase] = [
    ConformanceCase("a user's long queue does not hold up another's first job") { fixture in
      for number in 1...20 { try fixture.submit("ann", "a\(number)") }
      #expect(try fixture.claim()?.owner == UserID("ann"))
      try fixture.submit("bob", "b1")
      #expect(try fixture.claim()?.owner == UserID("bob"))
      try fixture.submit("carl", "c1")
      // Ann's second waited before Carl came; then it is his turn.
      #expect(try fixture.claim()?.owner == UserID("carl"))
      #expect(try fixture.claim()?.owner == UserID("ann"))
    },
    ConformanceCase("users take turns, each one's oldest job first") { fixture in
      for name in ["a1", "a2", "a3", "a4"] { try fixture.submit("ann", name) }
      for name in ["b1", "b2"] { try fixture.submit("bob", name) }
      try fixture.submit("carl", "c1")
      #expect(try order(fixture) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"])
    },
    ConformanceCase("who comes one job at a time does not overtake who queues many") { fixture in
      for number in 1...6 { try fixture.submit("ann", "a\(number)") }
      var order: [String] = []
      for number in 1...5 {
        try fixture.submit("bob", "b\(number)")
        for _ in 0..<2 { order.append(try #require(try fixture.claim()?.owner?.text)) }
      }
      #expect(order.count { $0 == "ann" } == 5 && order.count { $0 == "bob" } == 5)
    },
    ConformanceCase("who was away has neither credit nor debt") { fixture in
      try fixture.submit("bob", "b1")
      for number in 1...9 { try fixture.submit("ann", "a\(number)") }
      for _ in 0..<7 { _ = try fixture.claim() }
      for number in 2...4 { try fixture.submit("bob", "b\(number)") }
      #expect(try order(fixture) == ["b2", "a7", "b3", "a8", "b4", "a9"])
    },
    ConformanceCase("priorities have turns of their own") { fixture in
      for number in 1...4 { try fixture.submit("ann", "high a\(number)", priority: 1) }
      try fixture.submit("bob", "b1")
      try fixture.submit("bob", "b2")
      try fixture.submit("ann", "a1")
      try fixture.submit("carl", "low c1", priority: -1)
      #expect(
        try order(fixture) == [
          "high a1", "high a2", "high a3", "high a4", "b1", "a1", "b2", "low c1",
        ])
    },
    ConformanceCase("whoever joins with a higher priority raises the job's") { fixture in
      for number in 1...3 { try fixture.submit("ann", "a\(number)") }
      let joined = try fixture.submit("bob", "a3", priority: 1).job
      #expect(joined.priority == 1)
      #expect(try fixture.submit("carl", "a3", priority: -1).job.priority == 1)
      #expect(try order(fixture) == ["a3", "a1", "a2"])
    },
    ConformanceCase("turns are shared by cost, not by jobs") { fixture in
      for number in 1...10 { try fixture.submit("ann", "a\(number)", cost: 1) }
      for number in 1...10 { try fixture.submit("bob", "b\(number)", cost: 10) }
      var spent = ["a": 0, "b": 0]
      for owner in try order(fixture).map({ String($0.prefix(1)) }) {
        spent[owner, default: 0] += owner == "a" ? 1 : 10
        // While both wait, neither is ahead by more than the most expensive job.
        if let ann = spent["a"], let bob = spent["b"], ann < 10 {
          #expect(abs(ann - bob) <= 10, "\(spent)")
        }
      }
      #expect(spent == ["a": 10, "b": 100])
      // All ten cheap ones went beside one or two expensive ones.
      for number in 11...20 { try fixture.submit("bob", "b\(number)", cost: 10) }
      for number in 11...20 { try fixture.submit("ann", "a\(number)", cost: 1) }
      let order = try order(fixture)
      #expect(order.prefix(12).count { $0.hasPrefix("b") } <= 2, "\(order)")
    },
    ConformanceCase("a job cancelled before it ran costs its owner no turns") { fixture in
      let dear = try fixture.submit("ann", "dear", cost: 1000).job.id
      _ = try fixture.store.requestCancel(dear)
      try fixture.submit("ann", "a1")
      try fixture.submit("bob", "b1")
      try fixture.submit("bob", "b2")
      #expect(try order(fixture) == ["a1", "b1", "b2"])
    },
    ConformanceCase("costs beyond the range count as its bounds") { fixture in
      for number in 1...3 { try fixture.submit("ann", "a\(number)", cost: .max) }
      try fixture.submit("bob", "b1", cost: .min)
      try fixture.submit("bob", "b2", cost: 0)
      #expect(try order(fixture) == ["a1", "b1", "b2", "a2", "a3"])
    },
    ConformanceCase("a job that goes back to the queue keeps its turn") { fixture in
      try fixture.submit("ann", "a1")
      try fixture.submit("ann", "a2")
      try fixture.submit("bob", "b1")
      let job = try #require(try fixture.claim())
      _ = try fixture.claim()
      try fixture.store.release(job.id, attempt: job.attempt)
      #expect(try order(fixture) == ["a1", "a2"])
    },
  ]

  static let expiry: [ConformanceCase] = [
    ConformanceCase("idempotency keys expire") { fixture in
      let first = try fixture.submit("ann", "bags", key: "k1").job
      fixture.clock.advance(60)
      try fixture.submit("ann", "boots", key: "k2")
      #expect(try fixture.store.expireIdempotencyKeys(olderThan: 61) == 0)
      #expect(try fixture.store.expireIdempotencyKeys(olderThan: 60) == 1)
      // The key is free; the job is still there.
      #expect(try fixture.submit("ann", "coats", key: "k1").job.id != first.id)
      #expect(throws: StoreError.idempotencyKeyReused("k2")) {
        try fixture.submit("ann", "coats", key: "k2")
      }
      #expect(try fixture.store.job(first.id) == first)
    },
    ConformanceCase("the events of jobs that ended long ago go") { fixture in
      let store = fixture.store
      let old = try fixture.submitWithEvent("old")
      let waiting = try fixture.submitWithEvent("waiting")
      _ = try store.requestCancel(old)
      fixture.clock.advance(100)
      let young = try fixture.submitWithEvent("young")
      _ = try store.requestCancel(young)
      fixture.clock.advance(50)
      #expect(try store.expireLogs(olderThan: 151) == 0)
      #expect(try store.expireLogs(olderThan: 100) == 1)
      #expect(try store.expireLogs(olderThan: 100) == 0)
      #expect(try [old, waiting, young].map(fixture.eventCount) == [0, 1, 1])
      #expect(try store.job(old).status == .cancelled)
    },
    ConformanceCase("finished jobs that are nobody's go with their events") { fixture in
      let store = fixture.store
      let model = try fixture.publishedModel("ann", "shared")
      try fixture.submit("bob", "shared")
      let own = try fixture.publishedModel("ann", "own")
      let cancelled = try fixture.submit("ann", "cancelled").job.id
      try store.deleteUser(UserID("ann"))
      fixture.clock.advance(10)
      #expect(try store.expireLogs(olderThan: 5) == 3)
      for gone in [own.job, cancelled] {
        #expect(throws: StoreError.notFound(.job, gone.rawValue)) { try store.job(gone) }
      }
      #expect(try store.job(model.job).resultModel == model.id)
      #expect(try store.model(model.id) == model)
    },
    ConformanceCase("many expire in one call") { fixture in
      for number in 1...230 {
        let id = try fixture.submit("ann", "job \(number)", key: "key \(number)").job.id
        _ = try fixture.store.requestCancel(id)
      }
      #expect(try fixture.store.expireLogs(olderThan: 0) == 230)
      #expect(try fixture.store.expireIdempotencyKeys(olderThan: 0) == 230)
    },
  ]
}
