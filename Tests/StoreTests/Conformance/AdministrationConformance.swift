import Foundation
import Store
import Testing

/// What every ``AdministeredStore`` must do about the queue, users and models.
enum AdministrationConformance {
  private static let day: TimeInterval = 86_400

  static let all: [ConformanceCase] = [
    ConformanceCase("while the queue is paused nobody takes a job, and all else goes on") {
      fixture in
      let store = fixture.store
      let running = try fixture.submit("ann", "running").job.id
      #expect(try fixture.claim(lease: 60)?.id == running)
      #expect(try store.queuePaused() == nil)
      #expect(try store.setQueuePaused(true))
      fixture.clock.advance(5)
      // Pausing again keeps the first time.
      #expect(try !store.setQueuePaused(true))
      #expect(try store.queuePaused() == fixture.clock.now - 5)
      guard case .created(let waiting) = try fixture.submit("bob", "waiting") else {
        Issue.record("a request was not accepted")
        return
      }
      #expect(try fixture.claim("w2") == nil)
      // The job that runs goes on to its end.
      _ = try store.heartbeat(running, attempt: 1, worker: "w1", lease: 30)
      _ = try store.publish(running, attempt: 1, model: fixture.newModel())
      // Not even a job whose worker died.
      #expect(try store.setQueuePaused(false))
      #expect(try fixture.claim(lease: 30)?.id == waiting.id)
      try store.setQueuePaused(true)
      fixture.clock.advance(31)
      #expect(try fixture.claim("w2") == nil)
      #expect(try store.setQueuePaused(false) && store.queuePaused() == nil)
      #expect(try fixture.claim("w2", lease: 30)?.attempt == 2)
      #expect(try !store.setQueuePaused(false))
      // But what was cancelled ends, also when its worker does not live to do it.
      try store.setQueuePaused(true)
      _ = try store.requestCancel(waiting.id)
      fixture.clock.advance(31)
      #expect(try fixture.claim("w2") == nil)
      #expect(try store.job(waiting.id).status == .cancelled)
    },
    ConformanceCase("users are listed with when they were seen, their models and their bytes") {
      fixture in
      let store = fixture.store
      let start = fixture.clock.now
      let model = try fixture.publishedModel("bob", "made")
      try fixture.submit("Ann", "made")
      try fixture.submit("émile", "waits")
      let page = try store.users(UserFilter(), after: nil, limit: 2)
      #expect(page.elements.map(\.id.text) == ["Ann", "bob"] && page.hasMore)
      for user in page.elements {
        #expect(user.createdAt == start && user.seenAt == start && user.models == 1)
        #expect(user.bytes == (try store.storedBytes(of: user.id)) && user.bytes > model.blob.size)
      }
      let rest = try store.users(UserFilter(), after: UserID("bob"), limit: 2)
      #expect(rest.elements.map(\.id.text) == ["émile"] && !rest.hasMore)
      #expect(rest.elements.first?.models == 0)
      for limit in [0, 1001] {
        #expect(throws: StoreError.self) {
          try store.users(UserFilter(), after: nil, limit: limit)
        }
      }
    },
    ConformanceCase("asking and using a token are being seen, to the hour") { fixture in
      let store = fixture.store
      let start = fixture.clock.now
      for user in ["ann", "bob", "cy"] { try fixture.submit(user, "the same") }
      let token = try store.addToken(
        digest: Fixture.digest("secret"), user: UserID("bob"), label: "laptop")
      func seen() throws -> [TimeInterval] {
        try store.users(UserFilter(), after: nil, limit: 10).elements.map {
          $0.seenAt.timeIntervalSince(start)
        }
      }
      fixture.clock.advance(1800)
      try fixture.submit("ann", "more")
      #expect(try seen() == [0, 0, 0])
      fixture.clock.advance(1800)
      try fixture.submit("ann", "even more")
      try store.markUsed([token.id])
      #expect(try seen() == [3600, 3600, 0])
      fixture.clock.advance(10 * day)
      func unseen(_ days: Double) throws -> [String] {
        try store.users(UserFilter(notSeenFor: days * day), after: nil, limit: 10).elements
          .map(\.id.text)
      }
      #expect(try unseen(10) == ["ann", "bob", "cy"])
      #expect(try unseen(10.01) == ["cy"])
      #expect(try unseen(11) == [])
    },
    ConformanceCase("the time is that of the leases") { fixture in
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim(lease: 30))
      let end = try #require(job.leaseExpiresAt)
      #expect(try fixture.store.currentTime().addingTimeInterval(30) == end)
      fixture.clock.advance(30)
      #expect(try fixture.store.currentTime() == end)
    },
    ConformanceCase("a user's models that nobody uses are told, with who shares them") { fixture in
      let store = fixture.store
      let ann = try UserID("ann")
      let own = try fixture.publishedModel("ann", "own")
      let shared = try fixture.publishedModel("bob", "shared")
      try fixture.submit("ann", "shared")
      let used = try fixture.publishedModel("ann", "used")
      fixture.clock.advance(10 * day)
      try store.markUsed([used.id])
      func models(_ days: Double, after: ModelID? = nil, limit: Int = 10) throws -> [UnusedModel] {
        try store.models(of: ann, unusedFor: days * day, after: after, limit: limit)
      }
      let unused = try models(9)
      #expect(Set(unused.map(\.id)) == [own.id, shared.id])
      #expect(unused.first { $0.id == own.id }?.owners == 1)
      #expect(unused.first { $0.id == shared.id }?.owners == 2)
      #expect(unused.map(\.bytes).reduce(0, +) == own.blob.size + shared.blob.size)
      // Page by page.
      #expect(try models(9, limit: 1) == [unused[0]])
      #expect(try models(9, after: unused[0].id, limit: 1) == [unused[1]])
      #expect(try models(9, after: unused[1].id).isEmpty)
      #expect(try models(11).isEmpty)
    },
    ConformanceCase("a model that several have is taken from one, and goes with the last") {
      fixture in
      let store = fixture.store
      let (ann, bob) = (try UserID("ann"), try UserID("bob"))
      let model = try fixture.publishedModel("ann", "made")
      try fixture.submit("bob", "made", key: "k")
      try fixture.submit("ann", "made", key: "k")
      #expect(throws: StoreError.notFound(.model, model.id.rawValue)) {
        try store.removeModel(model.id, from: UserID("cy"))
      }
      #expect(try !store.removeModel(model.id, from: ann))
      #expect(try !store.hasModel(model.id, user: ann) && store.hasModel(model.id, user: bob))
      // The request is forgotten with it; bob is who asked now.
      #expect(try !store.isRequester(ann, of: model.job))
      let job = try store.job(model.job)
      #expect(job.owner == bob && job.resultModel == model.id)
      #expect(try store.earlierJob(of: ann, under: key("k", "made")) == nil)
      #expect(try store.earlierJob(of: bob, under: key("k", "made"))?.id == model.job)
      #expect(throws: StoreError.notFound(.model, model.id.rawValue)) {
        try store.removeModel(model.id, from: ann)
      }
      #expect(try store.removeModel(model.id, from: bob))
      #expect(throws: StoreError.notFound(.model, model.id.rawValue)) { try store.model(model.id) }
      #expect(throws: StoreError.notFound(.job, model.job.rawValue)) { try store.job(model.job) }
      #expect(try store.blob(model.blob.digest) == nil)
      #expect(throws: StoreError.notFound(.model, model.id.rawValue)) {
        try store.removeModel(model.id, from: nil)
      }
      // The same request is a new job now.
      guard case .created = try fixture.submit("ann", "made") else {
        Issue.record("a model that is gone answered")
        return
      }
    },
    ConformanceCase("an operator removes a model for everyone") { fixture in
      let store = fixture.store
      let model = try fixture.publishedModel("ann", "made")
      try fixture.submit("bob", "made")
      #expect(try store.removeModel(model.id, from: nil))
      for user in ["ann", "bob"] {
        let models = try store.models(
          ModelFilter(user: UserID(user)), after: nil, limit: 10)
        #expect(models.elements.isEmpty)
      }
      #expect(try store.statistics().models == 0)
    },
    ConformanceCase("who takes how much is told, most first") { fixture in
      let store = fixture.store
      _ = try fixture.publishedModel("ann", "small")
      try fixture.submit("bob", "large")
      let job = try #require(try fixture.claim())
      let file = try store.put(Data(count: 500))
      _ = try store.publish(
        job.id, attempt: 1,
        model: fixture.newModel(
          String(repeating: "w", count: 3000),
          files: [NewModelFile(name: "onnx", blob: file.digest, mediaType: "a/b")]))
      try fixture.submit("ann", "large")
      try fixture.submit("cy", "waits")
      let running = try #require(try fixture.claim())
      let checkpoint = try store.put(Data(count: 70))
      try store.saveCheckpoint(running.id, attempt: 1, iteration: 1, blob: checkpoint.digest)
      #expect(
        try store.diskUse(by: .user, limit: 10) == [
          DiskUse(name: "ann", models: 2, bytes: 3505),
          DiskUse(name: "bob", models: 1, bytes: 3500),
        ])
      #expect(try store.diskUse(by: .user, limit: 1).map(\.name) == ["ann"])
      var another = try store.baseModel("resnet").record
      another.name = "alex"
      _ = try store.addBaseModel(another)
      #expect(
        try store.diskUse(by: .baseModel, limit: 10) == [
          DiskUse(name: "resnet", models: 2, bytes: 3505),
          DiskUse(name: "alex", models: 0, bytes: 0),
        ])
      let sizes = try store.storedSizes()
      #expect(sizes.models == 3505 && sizes.checkpoints == 70)
      #expect(sizes.baseModels == 2 * Int64("dense weights".utf8.count))
    },
  ]

  private static func key(_ text: String, _ what: String) -> IdempotencyKey {
    IdempotencyKey(text, request: Fixture.digest(what))
  }
}
