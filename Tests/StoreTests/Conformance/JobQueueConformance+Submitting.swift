import ClassWeights
import Foundation
import Store
import Testing

/// What every ``JobQueue`` must do.
enum JobQueueConformance {
  static let submitting: [ConformanceCase] = [
    ConformanceCase("a new request queues a job") { fixture in
      let outcome = try fixture.submit("ann", "bags", priority: 3)
      guard case .created(let job) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      let ann = try UserID("ann")
      #expect(job.owner == ann)
      #expect(try fixture.store.requesters(of: job.id) == [ann])
      #expect(job.status == .queued)
      #expect(job.priority == 3)
      #expect(job.fingerprint == Fixture.digest("bags"))
      #expect(job.baseModel == "resnet")
      #expect(job.profile == Fixture.json(#"{"of":"bags"}"#))
      #expect(job.recipe == Fixture.json(#"{"epochs":2}"#))
      #expect(job.seed == .max)
      #expect(job.metadata == Fixture.json(#"{"by":"ann"}"#))
      #expect(job.createdAt == fixture.clock.now)
      #expect(job.startedAt == nil && job.finishedAt == nil && job.leaseExpiresAt == nil)
      #expect(job.attempt == 0 && job.deaths == 0 && !job.isCancelRequested)
      #expect(job.progress == nil && job.error == nil && job.resultModel == nil)
      #expect(JobID(rawValue: job.id.rawValue) == job.id)
      #expect(try fixture.store.job(job.id) == job)
    },
    ConformanceCase("the same request of others joins the queued job") { fixture in
      let first = try fixture.submit("ann", "bags").job
      let outcome = try fixture.submit("bob", "bags", priority: 5)
      #expect(try outcome == .joined(fixture.store.job(first.id)))
      #expect(
        try fixture.store.requesters(of: first.id) == [UserID("ann"), UserID("bob")])
      #expect(try outcome.job.owner == UserID("ann"))
      #expect(outcome.job.priority == 5)
      try fixture.submit("bob", "bags")
      #expect(try fixture.store.requesters(of: first.id).count == 2)
    },
    ConformanceCase("the same request joins the running job") { fixture in
      try fixture.submit("ann", "bags")
      let running = try #require(try fixture.claim())
      let outcome = try fixture.submit("bob", "bags")
      #expect(outcome.job.id == running.id)
      #expect(outcome.job.status == .running)
      let model = try fixture.store.publish(
        running.id, attempt: running.attempt, model: fixture.newModel())
      #expect(try fixture.store.hasModel(model.id, user: UserID("bob")))
    },
    ConformanceCase("the same request of others gets the finished model") { fixture in
      let model = try fixture.publishedModel("ann", "bags")
      let bob = try UserID("bob")
      #expect(try !fixture.store.hasModel(model.id, user: bob))
      let outcome = try fixture.submit("bob", "bags")
      #expect(try outcome == .existing(fixture.store.job(model.job), model))
      #expect(outcome.job.status == .succeeded)
      #expect(try fixture.store.isRequester(bob, of: outcome.job.id))
      #expect(try fixture.store.hasModel(model.id, user: bob))
      #expect(try fixture.claim() == nil)
    },
    ConformanceCase("failed and cancelled jobs do not answer requests") { fixture in
      try fixture.submit("ann", "bags")
      let failed = try #require(try fixture.claim())
      try fixture.store.fail(
        failed.id, attempt: failed.attempt, error: Fixture.json(#"{"code":"x"}"#))
      let second = try fixture.submit("ann", "bags")
      #expect(second == .created(second.job))
      _ = try fixture.store.requestCancel(second.job.id)
      let third = try fixture.submit("ann", "bags")
      #expect(third == .created(third.job))
      #expect(Set([failed.id, second.job.id, third.job.id]).count == 3)
    },
    ConformanceCase("a profile gets a version only when it changes") { fixture in
      let ann = try UserID("ann")
      try fixture.submit("ann", "bags")
      fixture.clock.advance(1)
      try fixture.submit("ann", "bags")
      #expect(try fixture.store.profiles(of: ann).map(\.version) == [1])
      try fixture.submit("ann", "boots")
      try fixture.submit("ann", "bags")
      let history = try fixture.store.profiles(of: ann)
      #expect(history.map(\.version) == [3, 2, 1])
      #expect(history.map { $0.classes.map(\.name) } == [["bags"], ["boots"], ["bags"]])
      #expect(try fixture.store.user(ann).profile == history.first)
    },
    ConformanceCase("the latest versions of a profile are kept") { fixture in
      let ann = try UserID("ann")
      let limit = UserRecord.historyLimit
      for version in 1...limit + 3 { try fixture.submit("ann", "bags \(version)") }
      let history = try fixture.store.profiles(of: ann)
      #expect(history.map(\.version) == (4...limit + 3).reversed())
    },
    ConformanceCase("a full queue refuses and records nothing") { fixture in
      let limits = QueueLimits(total: 3, perUser: 2)
      try fixture.submit("ann", "a", limits: limits)
      try fixture.submit("ann", "b", limits: limits)
      #expect(throws: StoreError.queueFull(scope: .user, limit: 2)) {
        try fixture.submit("ann", "c", limits: limits)
      }
      #expect(try fixture.store.profiles(of: UserID("ann")).count == 2)
      try fixture.submit("bob", "d", limits: limits)
      #expect(throws: StoreError.queueFull(scope: .total, limit: 3)) {
        try fixture.submit("carl", "e", limits: limits)
      }
      #expect(throws: StoreError.notFound(.user, "carl")) {
        try fixture.store.user(UserID("carl"))
      }
      // Joining needs no room, and a claim makes some.
      try fixture.submit("carl", "a", limits: limits)
      _ = try fixture.claim()
      let outcome = try fixture.submit("ann", "c", limits: limits)
      #expect(outcome == .created(outcome.job))
    },
    ConformanceCase("an idempotency key repeats its answer") { fixture in
      let first = try fixture.submit("ann", "bags", key: "k1")
      let profiles = try fixture.store.profiles(of: UserID("ann")).count
      #expect(try fixture.submit("ann", "bags", key: "k1").job == first.job)
      #expect(throws: StoreError.idempotencyKeyReused("k1")) {
        try fixture.submit("ann", "boots", key: "k1")
      }
      // Nor may anything else in the request differ.
      #expect(throws: StoreError.idempotencyKeyReused("k1")) {
        try fixture.submit("ann", "bags", key: "k1", notes: "other notes")
      }
      #expect(try fixture.store.profiles(of: UserID("ann")).count == profiles)
      let ann = try UserID("ann")
      let known = IdempotencyKey("k1", request: Fixture.digest("bags"))
      #expect(try fixture.store.earlierJob(of: ann, under: known) == first.job)
      let other = IdempotencyKey("k1", request: Fixture.digest("boots"))
      #expect(throws: StoreError.idempotencyKeyReused("k1")) {
        try fixture.store.earlierJob(of: ann, under: other)
      }
      let free = IdempotencyKey("k2", request: Fixture.digest("bags"))
      #expect(try fixture.store.earlierJob(of: ann, under: free) == nil)
      // Keys are each user's own.
      #expect(try fixture.submit("bob", "boots", key: "k1").job.id != first.job.id)
      // Even when the job has failed: the key stands for that request.
      let job = try #require(try fixture.claim())
      try fixture.store.fail(job.id, attempt: job.attempt, error: Fixture.json("{}"))
      let replayed = try fixture.submit("ann", "bags", key: "k1")
      #expect(try replayed == .joined(fixture.store.job(first.job.id)))
      #expect(replayed.job.status == .failed)
    },
    ConformanceCase("an idempotency key repeats a finished answer with its model") { fixture in
      let first = try fixture.submit("ann", "bags", key: "k1").job
      let claimed = try #require(try fixture.claim())
      let model = try fixture.store.publish(
        claimed.id, attempt: claimed.attempt, model: fixture.newModel())
      let outcome = try fixture.submit("ann", "bags", key: "k1")
      #expect(try outcome == .existing(fixture.store.job(first.id), model))
    },
    ConformanceCase("an unknown base model is named") { fixture in
      var submission = try fixture.submission("ann", "bags")
      submission.baseModel = "vgg"
      #expect(throws: StoreError.notFound(.baseModel, "vgg")) {
        try fixture.store.submit(submission)
      }
    },
    ConformanceCase("values that are not JSON are refused") { fixture in
      for bytes in [Data([0xff]), Data(), Data("{".utf8), Data("1\u{0}".utf8)] {
        var submission = try fixture.submission("ann", "bags")
        submission.recipe = bytes
        let error = #expect(throws: StoreError.self) { try fixture.store.submit(submission) }
        #expect(error?.code == "invalid_value")
        #expect(error?.description.contains("recipe") == true)
      }
      var submission = try fixture.submission("ann", "bags")
      submission.classes = [ClassWeight(name: "Bag", weight: .nan)]
      let error = #expect(throws: StoreError.self) { try fixture.store.submit(submission) }
      #expect(error?.code == "invalid_value")
    },
    ConformanceCase("text is data") { fixture in
      let odd = "Robert'); DROP TABLE jobs;-- 🧦 e\u{301}"
      let job = try fixture.submit(odd, "bags").job
      #expect(try job.owner == UserID(odd))
      // The same letter in one code point is another user.
      let composed = "Robert'); DROP TABLE jobs;-- 🧦 \u{e9}"
      try fixture.submit(composed, "bags")
      #expect(try fixture.store.requesters(of: job.id).count == 2)
    },
    ConformanceCase("joining a job withdraws its cancellation") { fixture in
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim())
      #expect(try fixture.store.requestCancel(job.id).isCancelRequested)
      #expect(try !fixture.submit("bob", "bags").job.isCancelRequested)
      #expect(try fixture.store.cancelled(job.id, attempt: job.attempt) == .queued)
      #expect(try fixture.claim()?.id == job.id)
    },
  ]
}
