import Foundation
import Store
import Testing

/// What is let go of in time, how much a user may keep, and what users learn of each other.
enum RetentionConformance {
  private static let day: TimeInterval = 86_400

  static let all: [ConformanceCase] = [
    ConformanceCase("finished jobs without a model go with age") { fixture in
      let store = fixture.store
      let model = try fixture.publishedModel("ann", "made")
      let cancelled = try fixture.submit("ann", "cancelled").job.id
      _ = try store.requestCancel(cancelled)
      try fixture.submit("ann", "failed")
      let failed = try #require(try fixture.claim())
      try store.fail(failed.id, attempt: 1, error: Fixture.json(#"{"code":"x"}"#))
      let open = try fixture.submit("ann", "open").job.id
      fixture.clock.advance(10 * day)
      let recent = try fixture.submit("ann", "recent").job.id
      _ = try store.requestCancel(recent)
      #expect(try store.expireJobs(olderThan: 11 * day, beyond: 100) == 0)
      #expect(try store.expireJobs(olderThan: 10 * day, beyond: 100) == 2)
      for gone in [cancelled, failed.id] {
        #expect(throws: StoreError.notFound(.job, gone.rawValue)) { try store.job(gone) }
      }
      for kept in [model.job, open, recent] { #expect(try store.job(kept).id == kept) }
    },
    ConformanceCase("however many are asked for and cancelled, so many finished jobs are kept") {
      fixture in
      let store = fixture.store
      var ids: [JobID] = []
      for number in 0..<57 {
        let id = try fixture.submit("user \(number)", "job \(number)", key: "k").job.id
        _ = try store.append(NewEvent(type: "x", message: "y"), to: id)
        _ = try store.requestCancel(id)
        ids.append(id)
        fixture.clock.advance(1)
      }
      #expect(try store.expireJobs(olderThan: 10 * day, beyond: 4) == 53)
      let left = try store.jobs(JobFilter(), after: nil, limit: 100).elements.map(\.id)
      #expect(left == ids.suffix(4).reversed())
      #expect(try store.expireJobs(olderThan: 10 * day, beyond: 4) == 0)
    },
    ConformanceCase("models that nobody uses go, with the jobs that made them") { fixture in
      let store = fixture.store
      let unused = try fixture.publishedModel("ann", "unused")
      let used = try fixture.publishedModel("ann", "used")
      let asked = try fixture.publishedModel("ann", "asked for again")
      fixture.clock.advance(6 * day)
      let unknown = try #require(ModelID(rawValue: "model_0123456789abcdef01234567"))
      try store.markUsed([used.id, unknown])
      try fixture.submit("bob", "asked for again")
      fixture.clock.advance(6 * day)
      #expect(try store.expireModels(unusedFor: 13 * day) == [])
      #expect(try store.expireModels(unusedFor: 10 * day) == [unused.id])
      #expect(throws: StoreError.notFound(.model, unused.id.rawValue)) {
        try store.model(unused.id)
      }
      #expect(throws: StoreError.notFound(.job, unused.job.rawValue)) { try store.job(unused.job) }
      #expect(try store.blob(unused.blob.digest) == nil)
      #expect(try store.model(used.id).id == used.id)
      #expect(try store.model(asked.id).id == asked.id)
      // The same request is a new job now.
      guard case .created = try fixture.submit("ann", "unused") else {
        Issue.record("a model that is gone answered")
        return
      }
    },
    ConformanceCase("jobs whose events expired before their user was deleted go with the user") {
      fixture in
      let store = fixture.store
      let model = try fixture.publishedModel("ann", "made")
      let cancelled = try fixture.submit("ann", "cancelled").job.id
      _ = try store.requestCancel(cancelled)
      let shared = try fixture.publishedModel("ann", "shared")
      try fixture.submit("bob", "shared")
      fixture.clock.advance(10 * day)
      let recent = try fixture.submit("ann", "recent").job.id
      _ = try store.requestCancel(recent)
      _ = try store.expireLogs(olderThan: 5 * day)
      try store.deleteUser(UserID("ann"))
      let left = Set(try store.jobs(JobFilter(), after: nil, limit: 100).elements.map(\.id))
      // Of the recent one the events are still there; they take it along.
      #expect(left == [shared.job, recent])
      #expect(!left.contains(model.job))
      fixture.clock.advance(10 * day)
      _ = try store.expireLogs(olderThan: 5 * day)
      #expect(
        try store.jobs(JobFilter(), after: nil, limit: 100).elements.map(\.id) == [shared.job])
    },
    ConformanceCase("a user who keeps as much as allowed gets no new job") { fixture in
      let store = fixture.store
      let ann = try UserID("ann")
      #expect(try store.storedBytes(of: ann) == 0)
      let text = String(repeating: "w", count: 5000)
      try fixture.submit("ann", "big")
      let job = try #require(try fixture.claim())
      let checkpoint = try store.put(Data(count: 3000))
      try store.saveCheckpoint(job.id, attempt: 1, iteration: 1, blob: checkpoint.digest)
      // 16 KiB; profile, recipe and metadata; the version of the profile.
      let perJob: Int64 = (16 << 10) + 36 + 39
      #expect(try store.storedBytes(of: ann) == 3000 + perJob)
      let file = try store.put(Data(count: 700))
      let model = try store.publish(
        job.id, attempt: 1,
        model: fixture.newModel(
          text, files: [NewModelFile(name: "a.onnx", blob: file.digest, mediaType: "a/b")]))
      let stored = 5000 + 700 + perJob
      #expect(try store.storedBytes(of: ann) == stored)
      let limits = QueueLimits(total: 10, perUser: 10, storedBytes: stored)
      // The version of the profile that the request would make counts already.
      #expect(throws: StoreError.quotaExceeded(stored: stored + 41, limit: stored)) {
        try fixture.submit("ann", "more", limits: limits)
      }
      // What is there already is still given out, and others are not concerned.
      guard case .existing(_, let same) = try fixture.submit("ann", "big", limits: limits) else {
        Issue.record("no model")
        return
      }
      #expect(same.id == model.id)
      try fixture.submit("bob", "more", limits: limits)
    },
    ConformanceCase("each user's time and priority of asking are kept apart") { fixture in
      let store = fixture.store
      let (ann, bob) = (try UserID("ann"), try UserID("bob"))
      let start = fixture.clock.now
      let ready = try fixture.publishedModel("ann", "ready")
      let shared = try fixture.submit("ann", "shared", priority: 1).job.id
      fixture.clock.advance(100)
      let own = try fixture.submit("bob", "own").job.id
      fixture.clock.advance(100)
      try fixture.submit("bob", "shared", priority: -1)
      fixture.clock.advance(100)
      try fixture.submit("bob", "ready")
      let first = try #require(try store.requester(ann, of: shared))
      #expect(first.addedAt == start && first.priority == 1)
      let second = try #require(try store.requester(bob, of: shared))
      #expect(second.addedAt == start + 200 && second.priority == -1)
      #expect(try store.requester(ann, of: own) == nil)
      #expect(try store.modelAdded(ready.id, to: ann) == start)
      #expect(try store.modelAdded(ready.id, to: bob) == start + 300)
      // In the order in which bob asked, which says nothing of ann.
      var listed: [JobID] = []
      while true {
        let page = try store.jobs(JobFilter(user: bob), after: listed.last, limit: 1)
        listed += page.elements.map(\.id)
        guard page.hasMore else { break }
      }
      #expect(listed == [ready.job, shared, own])
      // Asking again, and more urgently, changes the priority only.
      try fixture.submit("bob", "shared", priority: 0)
      let again = try #require(try store.requester(bob, of: shared))
      #expect(again.addedAt == start + 200 && again.priority == 0)
    },
    ConformanceCase("a user's models are listed by when the user got them") { fixture in
      let store = fixture.store
      let old = try fixture.publishedModel("ann", "old")
      fixture.clock.advance(1)
      let own = try fixture.publishedModel("bob", "own")
      fixture.clock.advance(1)
      try fixture.submit("bob", "old")
      let bob = ModelFilter(user: try UserID("bob"))
      let first = try store.models(bob, after: nil, limit: 1)
      #expect(first.elements.map(\.id) == [old.id] && first.hasMore)
      let rest = try store.models(bob, after: old.id, limit: 1)
      #expect(rest.elements.map(\.id) == [own.id] && !rest.hasMore)
    },
  ]
}
