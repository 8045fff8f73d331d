import Foundation
import Store
import Testing

extension JobQueueConformance {
  static let working: [ConformanceCase] = [
    ConformanceCase("claims go by priority, then by age") { fixture in
      try fixture.submit("ann", "first")
      try fixture.submit("ann", "second")
      try fixture.submit("ann", "urgent", priority: 1)
      try fixture.submit("ann", "idle", priority: -1)
      var order: [String] = []
      while let job = try fixture.claim() {
        order.append(String(decoding: job.profile, as: UTF8.self))
      }
      #expect(
        order == ["urgent", "first", "second", "idle"].map { #"{"of":"\#($0)"}"# })
    },
    ConformanceCase("a claim hands out a lease") { fixture in
      #expect(try fixture.claim() == nil)
      let queued = try fixture.submit("ann", "bags").job
      fixture.clock.advance(5)
      // Unless the jobs of its base model wait.
      let held = try fixture.store.claim(
        worker: "w7", lease: 9, holding: ["x", "resnet"], having: [])
      #expect(held == nil)
      let job = try #require(try fixture.claim("w7", lease: 12.5))
      #expect(job.id == queued.id)
      #expect(job.status == .running)
      #expect(job.attempt == 1)
      #expect(job.leaseOwner == "w7")
      #expect(job.leaseExpiresAt == fixture.clock.now.addingTimeInterval(12.5))
      #expect(job.startedAt == fixture.clock.now)
      #expect(try fixture.store.job(job.id) == job)
      #expect(try fixture.claim("w8") == nil)
    },
    ConformanceCase("an expired lease hands the job on and fences the old worker out") { fixture in
      let store = fixture.store
      try fixture.submit("ann", "bags")
      let old = try #require(try fixture.claim("w1", lease: 30))
      fixture.clock.advance(29.999)
      #expect(try fixture.claim("w2") == nil)
      fixture.clock.advance(0.001)
      let new = try #require(try fixture.claim("w2"))
      #expect(new.id == old.id && new.attempt == 2 && new.deaths == 1)
      #expect(new.startedAt == old.startedAt)

      let blob = try store.put(Data("state".utf8)).digest
      let model = try fixture.newModel()
      let lost = StoreError.leaseLost(old.id, attempt: 1)
      #expect(throws: lost) {
        try store.heartbeat(old.id, attempt: 1, worker: "w1", lease: 30)
      }
      #expect(throws: lost) {
        try store.updateProgress(old.id, attempt: 1, progress: Fixture.json("{}"))
      }
      #expect(throws: lost) {
        try store.saveCheckpoint(old.id, attempt: 1, iteration: 9, blob: blob)
      }
      #expect(throws: lost) { try store.publish(old.id, attempt: 1, model: model) }
      #expect(throws: lost) { try store.fail(old.id, attempt: 1, error: Fixture.json("{}")) }
      #expect(throws: lost) { try store.release(old.id, attempt: 1) }
      #expect(throws: lost) { try store.cancelled(old.id, attempt: 1) }
      #expect(try store.job(new.id) == new)
      #expect(try store.latestCheckpoint(new.id) == nil)
      #expect(try store.models(ModelFilter(), after: nil, limit: 10).elements.isEmpty)
      // The right attempt under another worker's name.
      #expect(throws: StoreError.leaseLost(new.id, attempt: 2)) {
        try store.heartbeat(new.id, attempt: 2, worker: "w1", lease: 30)
      }
    },
    ConformanceCase("heartbeats keep a job") { fixture in
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim("w1", lease: 30))
      for _ in 0..<5 {
        fixture.clock.advance(20)
        let stop = try fixture.store.heartbeat(job.id, attempt: 1, worker: "w1", lease: 30)
        #expect(!stop)
        #expect(try fixture.claim("w2") == nil)
      }
      // Late, but nobody has taken the job.
      fixture.clock.advance(100)
      _ = try fixture.store.heartbeat(job.id, attempt: 1, worker: "w1", lease: 30)
      #expect(try fixture.claim("w2") == nil)
      #expect(try fixture.store.job(job.id).deaths == 0)
    },
    ConformanceCase("progress is replaced") { fixture in
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim())
      for iteration in 1...3 {
        let progress = Fixture.json(#"{"iteration":\#(iteration)}"#)
        try fixture.store.updateProgress(job.id, attempt: 1, progress: progress)
        #expect(try fixture.store.job(job.id).progress == progress)
      }
      let error = #expect(throws: StoreError.self) {
        try fixture.store.updateProgress(job.id, attempt: 1, progress: Fixture.json("nope"))
      }
      #expect(error?.code == "invalid_value")
    },
    ConformanceCase("a checkpoint replaces the earlier one and outlives its attempt") { fixture in
      let store = fixture.store
      let id = try fixture.submit("ann", "bags").job.id
      #expect(try store.latestCheckpoint(id) == nil)
      _ = try fixture.claim("w1", lease: 10)
      let first = try store.put(Data("one".utf8))
      let second = try store.put(Data("second".utf8))
      try store.saveCheckpoint(id, attempt: 1, iteration: 1, blob: first.digest)
      try store.saveCheckpoint(id, attempt: 1, iteration: 2, blob: second.digest)
      fixture.clock.advance(10)
      _ = try fixture.claim("w2", lease: 10)
      let checkpoint = try #require(try store.latestCheckpoint(id))
      #expect(checkpoint.attempt == 1 && checkpoint.iteration == 2 && checkpoint.blob == second)
      // Only the replaced blob is gone.
      #expect(try store.blob(first.digest) == nil)
      fixture.clock.advance(100)
      #expect(try store.collectGarbage(olderThan: 50).isEmpty)
      #expect(throws: StoreError.notFound(.blob, first.digest.hex)) {
        try store.saveCheckpoint(id, attempt: 2, iteration: 3, blob: first.digest)
      }
      #expect(try store.latestCheckpoint(id) == checkpoint)
    },
    ConformanceCase("a job may keep a checkpoint for every iteration") { fixture in
      let store = fixture.store
      let id = try fixture.submit("ann", "bags").job.id
      _ = try fixture.claim("w1")
      let blobs = try (1...4).map { try store.put(Data("state \($0)".utf8)) }
      func save(_ iteration: Int, _ blob: Int, keeping: Bool = true) throws {
        try store.saveCheckpoint(
          id, attempt: 1, iteration: iteration, blob: blobs[blob].digest, keepingEarlier: keeping)
      }
      func kept() throws -> [Int: BlobRecord] {
        var found: [Int: BlobRecord] = [:]
        for iteration in 0...5 {
          found[iteration] = try store.checkpoint(id, iteration: iteration)?.blob
        }
        return found
      }
      for iteration in 1...3 { try save(iteration, iteration - 1) }
      #expect(try kept() == [1: blobs[0], 2: blobs[1], 3: blobs[2]])
      #expect(try store.latestCheckpoint(id)?.iteration == 3)
      // The run started over: what came later is of no use.
      try save(2, 3)
      #expect(try kept() == [1: blobs[0], 2: blobs[3]])
      #expect(try store.blob(blobs[1].digest) == nil && store.blob(blobs[2].digest) == nil)
      try save(3, 3, keeping: false)
      #expect(try kept() == [3: blobs[3]])
      #expect(try store.blob(blobs[0].digest) == nil)
      _ = try store.publish(id, attempt: 1, model: fixture.newModel())
      #expect(try kept().isEmpty)
      #expect(try store.blob(blobs[3].digest) == nil)
    },
    ConformanceCase("who outgrew its memory is blamed for a death, not who ran beside it") {
      fixture in
      let store = fixture.store
      let greedy = try fixture.submit("ann", "greedy", memory: 1000).job.id
      let modest = try fixture.submit("bob", "modest", memory: 1000).job.id
      let unknown = try fixture.submit("carl", "unknown").job.id
      for attempt in 1...3 {
        for index in 1...3 { _ = try fixture.claim("w\(index)", lease: 1000) }
        func beat(_ id: JobID, _ worker: String, _ memory: Int64) throws {
          _ = try store.heartbeat(
            id, attempt: attempt, worker: worker, lease: 1000, memory: memory)
        }
        try beat(greedy, "w1", 1001)
        // The most counts, not the last.
        try beat(greedy, "w1", 10)
        try beat(modest, "w2", 1000)
        try beat(unknown, "w3", 5000)
        #expect(try store.recoverAll().count == 3)
      }
      #expect(try fixture.claim()?.id == modest)
      #expect(try fixture.claim()?.id == unknown)
      #expect(try fixture.claim() == nil)
      #expect(try store.job(greedy).status == .failed && store.job(greedy).deaths == 3)
      #expect(try store.job(modest).deaths == 0 && store.job(unknown).deaths == 0)
      // With nobody over the estimate all share the blame, as nobody knows whose doing it was.
      #expect(try store.recoverAll() == [modest, unknown])
      for _ in 0..<2 { #expect(try fixture.claim()?.deaths == 1) }
    },
    ConformanceCase("leases that run out together are judged together") { fixture in
      let store = fixture.store
      let greedy = try fixture.submit("ann", "greedy", memory: 10).job.id
      let modest = try fixture.submit("bob", "modest", memory: 10).job.id
      _ = try fixture.claim("w1", lease: 10)
      _ = try fixture.claim("w2", lease: 10)
      _ = try store.heartbeat(greedy, attempt: 1, worker: "w1", lease: 10, memory: 11)
      fixture.clock.advance(10)
      #expect(try fixture.claim("w3")?.deaths == 1)
      #expect(try fixture.claim("w3")?.deaths == 0)
      #expect(try store.job(modest).attempt == 2)
    },
    ConformanceCase("a released job is no death and keeps its checkpoint") { fixture in
      let store = fixture.store
      let id = try fixture.submit("ann", "bags").job.id
      let blob = try store.put(Data("state".utf8)).digest
      for attempt in 1...10 {
        #expect(try fixture.claim()?.attempt == attempt)
        if attempt == 1 { try store.saveCheckpoint(id, attempt: 1, iteration: 4, blob: blob) }
        #expect(try store.release(id, attempt: attempt) == .queued)
        let job = try store.job(id)
        #expect(job.status == .queued && job.deaths == 0 && job.leaseOwner == nil)
      }
      #expect(try store.latestCheckpoint(id)?.iteration == 4)
      #expect(throws: StoreError.leaseLost(id, attempt: 10)) {
        try store.heartbeat(id, attempt: 10, worker: "w1", lease: 30)
      }
    },
    ConformanceCase("a job that kills three workers fails") { fixture in
      let id = try fixture.submit("ann", "poison").job.id
      for attempt in 1...3 {
        #expect(try fixture.claim("w\(attempt)", lease: 10)?.attempt == attempt)
        fixture.clock.advance(10)
      }
      let next = try fixture.submit("ann", "good").job.id
      #expect(try fixture.claim()?.id == next)
      let job = try fixture.store.job(id)
      #expect(job.status == .failed && job.attempt == 3 && job.deaths == 3)
      #expect(job.finishedAt == fixture.clock.now)
      let error = try #require(job.error)
      let object = try JSONSerialization.jsonObject(with: error) as? [String: Any]
      #expect(object?["code"] as? String == "worker_died_repeatedly")
      #expect(object?["message"] is String)
    },
    ConformanceCase("a process's death counts at once, and the third fails the job") { fixture in
      let store = fixture.store
      let id = try fixture.submit("ann", "poison").job.id
      let error = Fixture.json(#"{"code":"job_process_ended"}"#)
      for attempt in 1...3 {
        #expect(try fixture.claim("w1")?.attempt == attempt)
        let status = try store.died(id, attempt: attempt, error: error)
        #expect(status == (attempt < 3 ? .queued : .failed))
        let job = try store.job(id)
        #expect(job.status == status && job.deaths == attempt && job.leaseOwner == nil)
        #expect(job.error == (attempt < 3 ? nil : error))
        #expect(throws: StoreError.leaseLost(id, attempt: attempt)) {
          try store.died(id, attempt: attempt, error: error)
        }
      }
      // Whoever was to be cancelled is.
      let other = try fixture.submit("ann", "unwanted").job.id
      #expect(try fixture.claim()?.id == other)
      _ = try store.requestCancel(other)
      #expect(try store.died(other, attempt: 1, error: error) == .cancelled)
      #expect(throws: StoreError.self) {
        try store.died(other, attempt: 1, error: Data("no JSON".utf8))
      }
    },
    ConformanceCase("deaths count from the last progress on") { fixture in
      let store = fixture.store
      let id = try fixture.submit("ann", "long").job.id
      let blob = try store.put(Data("state".utf8)).digest
      // Two deaths, an iteration, two deaths, the same iteration again, one more death.
      for (attempt, iteration) in [0, 0, 1, 0, 1, 0].enumerated() {
        let job = try #require(try fixture.claim("w", lease: 10))
        #expect(job.id == id && job.attempt == attempt + 1)
        #expect(job.deaths == [0, 1, 2, 1, 2, 3][attempt], "attempt \(attempt + 1)")
        if iteration > 0 {
          try store.saveCheckpoint(id, attempt: job.attempt, iteration: 1, blob: blob)
        }
        fixture.clock.advance(10)
        if attempt == 4 { break }
      }
      #expect(try fixture.claim() == nil)
      #expect(try store.job(id).status == .failed && store.job(id).deaths == 3)
    },
    ConformanceCase("recovery frees running jobs at once and shuts their workers out") { fixture in
      let store = fixture.store
      let first = try fixture.submit("ann", "a").job.id
      let second = try fixture.submit("ann", "b").job.id
      try fixture.submit("ann", "c")
      _ = try fixture.claim("w1", lease: 1000)
      _ = try fixture.claim("w2", lease: 1000)
      #expect(try store.recoverAll() == [first, second])
      #expect(throws: StoreError.leaseLost(first, attempt: 1)) {
        try store.heartbeat(first, attempt: 1, worker: "w1", lease: 10)
      }
      #expect(throws: StoreError.leaseLost(first, attempt: 1)) {
        try store.updateProgress(first, attempt: 1, progress: Fixture.json("{}"))
      }
      let again = try #require(try fixture.claim("w3"))
      #expect(again.id == first && again.attempt == 2 && again.deaths == 1)
      #expect(try fixture.claim("w3")?.id == second)
    },
    ConformanceCase("nonsense leases are refused") { fixture in
      try fixture.submit("ann", "bags")
      for lease in [-1, TimeInterval.nan, .infinity, 1e300] {
        let error = #expect(throws: StoreError.self) { try fixture.claim("w1", lease: lease) }
        #expect(error?.code == "invalid_value")
      }
      #expect(throws: StoreError.self) { try fixture.claim("") }
    },
  ]
}
