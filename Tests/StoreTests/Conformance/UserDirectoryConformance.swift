import ClassWeights
import Foundation
import Store
import Testing

/// What every ``UserDirectory`` must do.
enum UserDirectoryConformance {
  static let all: [ConformanceCase] = [
    ConformanceCase("a user exists from the first request on") { fixture in
      let ann = try UserID("ann")
      let missing = StoreError.notFound(.user, "ann")
      #expect(throws: missing) { try fixture.store.user(ann) }
      #expect(throws: missing) { try fixture.store.profiles(of: ann) }
      #expect(throws: missing) { try fixture.store.deleteUser(ann) }
      try fixture.submit("ann", "bags")
      let user = try fixture.store.user(ann)
      #expect(user.id == ann && user.createdAt == fixture.clock.now)
      #expect(user.profile?.version == 1)
      #expect(user.profile?.baseModel == "resnet")
      #expect(user.profile?.classes == [ClassWeight(name: "bags", weight: 1)])
    },
    ConformanceCase("forgetting a user cancels what nobody else waits for") { fixture in
      let store = fixture.store
      let ann = try UserID("ann")
      let bob = try UserID("bob")
      let running = try fixture.submit("ann", "running", priority: 9).job.id
      _ = try fixture.claim()
      let queued = try fixture.submit("ann", "queued").job.id
      let shared = try fixture.submit("ann", "shared").job.id
      try fixture.submit("bob", "shared")
      let deletion = try store.deleteUser(ann)
      #expect(deletion.cancelledJobs == [running, queued] && deletion.deletedModels.isEmpty)

      let cancelled = try store.job(queued)
      #expect(cancelled.status == .cancelled && cancelled.owner == nil)
      #expect(try store.requesters(of: queued).isEmpty)
      #expect(cancelled.metadata == Fixture.json("{}"))
      let kept = try store.job(shared)
      #expect(kept.status == .queued && kept.owner == bob)
      #expect(try store.requesters(of: shared) == [bob])
      #expect(kept.metadata == Fixture.json("{}"))
      #expect(try store.heartbeat(running, attempt: 1, worker: "w1", lease: 30))
      #expect(try store.cancelled(running, attempt: 1) == .cancelled)
      #expect(throws: StoreError.notFound(.user, "ann")) { try store.user(ann) }
      #expect(try store.jobs(JobFilter(user: ann), after: nil, limit: 5).elements.isEmpty)
    },
    ConformanceCase("a result that nobody waits for is not published") { fixture in
      let store = fixture.store
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim())
      try store.deleteUser(UserID("ann"))
      #expect(throws: StoreError.jobAbandoned(job.id)) {
        try store.publish(job.id, attempt: 1, model: fixture.newModel())
      }
      #expect(try store.job(job.id).status == .cancelled)
      #expect(try store.models(ModelFilter(), after: nil, limit: 5).elements.isEmpty)
    },
    ConformanceCase("a forgotten user's running job is saved by whoever joins it") { fixture in
      let store = fixture.store
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim())
      try store.deleteUser(UserID("ann"))
      let joined = try fixture.submit("bob", "bags").job
      #expect(joined.id == job.id)
      #expect(try joined.owner == UserID("bob"))
      #expect(try !store.heartbeat(job.id, attempt: 1, worker: "w1", lease: 30))
      let model = try store.publish(job.id, attempt: 1, model: fixture.newModel())
      #expect(try store.hasModel(model.id, user: UserID("bob")))
    },
    ConformanceCase("forgetting a user deletes models no other user has") { fixture in
      let store = fixture.store
      let own = try fixture.publishedModel("ann", "own")
      let shared = try fixture.publishedModel("ann", "shared")
      try fixture.submit("bob", "shared")
      let deletion = try store.deleteUser(UserID("ann"))
      #expect(deletion.cancelledJobs.isEmpty && deletion.deletedModels == [own.id])
      #expect(throws: StoreError.notFound(.model, own.id.rawValue)) { try store.model(own.id) }
      #expect(try store.model(shared.id) == shared)
      let job = try store.job(own.job)
      #expect(job.status == .succeeded && job.resultModel == nil && job.owner == nil)
      // Its bytes are gone, and the same request makes a new job.
      #expect(try store.blob(own.blob.digest) == nil)
      let again = try fixture.submit("bob", "own")
      #expect(again == .created(again.job))
      // The last user takes the shared model along.
      #expect(try store.deleteUser(UserID("bob")).deletedModels == [shared.id])
    },
    ConformanceCase("what remains of a user is erased once") { fixture in
      let store = fixture.store
      #expect(try store.eraseRemains())
      try fixture.submit("ann", "bags", key: "k1")
      let job = try fixture.submit("bob", "boots", key: "k2").job
      try store.deleteUser(UserID("ann"))
      let profiles = try store.profiles(of: UserID("bob"))
      #expect(try store.eraseRemains())
      #expect(try store.eraseRemains())
      // Nothing else has changed.
      #expect(try store.job(job.id) == job)
      #expect(try store.profiles(of: UserID("bob")) == profiles)
      #expect(try store.isRequester(UserID("bob"), of: job.id))
      #expect(try fixture.submit("bob", "boots", key: "k2") == .joined(job))
    },
    ConformanceCase("a user who comes back starts from nothing") { fixture in
      let ann = try UserID("ann")
      try fixture.submit("ann", "bags", key: "k1")
      try fixture.submit("ann", "boots")
      let secret = Fixture.digest("secret")
      _ = try fixture.store.addToken(digest: secret, user: ann, label: "laptop")
      try fixture.store.deleteUser(ann)
      #expect(try fixture.store.activeToken(digest: secret) == nil)
      // The key is free for another request.
      let outcome = try fixture.submit("ann", "coats", key: "k1")
      #expect(outcome == .created(outcome.job))
      #expect(try fixture.store.profiles(of: ann).map(\.version) == [1])
      #expect(
        try fixture.store.jobs(JobFilter(user: ann), after: nil, limit: 9).elements.count == 1)
    },
  ]
}
