import Foundation
import Store
import Testing

extension JobQueueConformance {
  static let ending: [ConformanceCase] = [
    ConformanceCase("publication shows model, links and success together") { fixture in
      let store = fixture.store
      try fixture.submit("ann", "bags")
      try fixture.submit("bob", "bags")
      let job = try #require(try fixture.claim())
      let checkpoint = try store.put(Data("state".utf8)).digest
      try store.saveCheckpoint(job.id, attempt: 1, iteration: 1, blob: checkpoint)
      let onnx = try store.put(Data("onnx bytes".utf8))
      let new = try fixture.newModel(
        files: [
          NewModelFile(name: "onnx", blob: onnx.digest, mediaType: "application/octet-stream")
        ])
      let model = try store.publish(job.id, attempt: 1, model: new)
      #expect(ModelID(rawValue: model.id.rawValue) == model.id)
      #expect(model.fingerprint == job.fingerprint && model.job == job.id)
      #expect(model.baseModel == "resnet" && model.labels == new.labels)
      #expect(model.blob == BlobRecord(digest: new.blob, size: 6))
      #expect(model.card == new.card && model.metadata == new.metadata)
      #expect(model.files.map(\.name) == ["onnx"])
      #expect(model.files.first?.blob == onnx)
      #expect(model.createdAt == fixture.clock.now)
      #expect(try store.model(model.id) == model)
      #expect(try store.model(fingerprint: job.fingerprint) == model)
      for user in ["ann", "bob"] {
        #expect(try store.hasModel(model.id, user: UserID(user)))
        let page = try store.models(ModelFilter(user: UserID(user)), after: nil, limit: 10)
        #expect(page.elements == [model])
      }
      let done = try store.job(job.id)
      #expect(done.status == .succeeded && done.resultModel == model.id)
      #expect(done.finishedAt == fixture.clock.now && done.leaseOwner == nil)
      #expect(try store.latestCheckpoint(job.id) == nil)
    },
    ConformanceCase("a job is published once") { fixture in
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim())
      let model = try fixture.newModel()
      let first = try fixture.store.publish(job.id, attempt: 1, model: model)
      #expect(throws: StoreError.leaseLost(job.id, attempt: 1)) {
        try fixture.store.publish(job.id, attempt: 1, model: model)
      }
      let all = try fixture.store.models(ModelFilter(), after: nil, limit: 10)
      #expect(all.elements == [first] && !all.hasMore)
    },
    ConformanceCase("a publication that fails leaves the job running") { fixture in
      let store = fixture.store
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim())
      let missing = Fixture.digest("never stored")
      var model = try fixture.newModel()
      model.files = [NewModelFile(name: "onnx", blob: missing, mediaType: "a/b")]
      #expect(throws: StoreError.notFound(.blob, missing.hex)) {
        try store.publish(job.id, attempt: 1, model: model)
      }
      model.files = []
      model.card = Fixture.json("{]")
      #expect(throws: StoreError.self) { try store.publish(job.id, attempt: 1, model: model) }
      #expect(try store.job(job.id) == job)
      #expect(try store.model(fingerprint: job.fingerprint) == nil)
      model.card = Fixture.json("{}")
      model.files = [
        NewModelFile(name: "onnx", blob: model.blob, mediaType: "a/b"),
        NewModelFile(name: "onnx", blob: model.blob, mediaType: "a/b"),
      ]
      let error = #expect(throws: StoreError.self) {
        try store.publish(job.id, attempt: 1, model: model)
      }
      #expect(error?.code == "invalid_value")
    },
    ConformanceCase("a failure keeps its error and drops the checkpoint") { fixture in
      let store = fixture.store
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim())
      let blob = try store.put(Data("state".utf8)).digest
      try store.saveCheckpoint(job.id, attempt: 1, iteration: 1, blob: blob)
      let error = Fixture.json(#"{"code":"diverged"}"#)
      try store.fail(job.id, attempt: 1, error: error)
      let failed = try store.job(job.id)
      #expect(failed.status == .failed && failed.error == error)
      #expect(failed.finishedAt == fixture.clock.now)
      #expect(try store.latestCheckpoint(job.id) == nil)
      #expect(try fixture.claim() == nil)
      #expect(throws: StoreError.leaseLost(job.id, attempt: 1)) {
        try store.fail(job.id, attempt: 1, error: error)
      }
    },
    ConformanceCase("a queued job is cancelled at once") { fixture in
      let id = try fixture.submit("ann", "bags").job.id
      let job = try fixture.store.requestCancel(id)
      #expect(job.status == .cancelled && job.finishedAt == fixture.clock.now)
      #expect(try fixture.claim() == nil)
      #expect(throws: StoreError.jobFinished(id, .cancelled)) {
        try fixture.store.requestCancel(id)
      }
    },
    ConformanceCase("a running job is asked to stop") { fixture in
      let store = fixture.store
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim())
      let asked = try store.requestCancel(job.id)
      #expect(asked.status == .running && asked.isCancelRequested)
      #expect(try store.requestCancel(job.id) == asked)
      #expect(try store.heartbeat(job.id, attempt: 1, worker: "w1", lease: 30))
      #expect(try store.cancelled(job.id, attempt: 1) == .cancelled)
      #expect(try store.job(job.id).status == .cancelled)
      #expect(throws: StoreError.jobFinished(job.id, .cancelled)) {
        try store.requestCancel(job.id)
      }
    },
    ConformanceCase("work that finishes before the worker sees the request counts") { fixture in
      try fixture.submit("ann", "bags")
      let job = try #require(try fixture.claim())
      _ = try fixture.store.requestCancel(job.id)
      _ = try fixture.store.publish(job.id, attempt: 1, model: fixture.newModel())
      #expect(try fixture.store.job(job.id).status == .succeeded)
      #expect(throws: StoreError.jobFinished(job.id, .succeeded)) {
        try fixture.store.requestCancel(job.id)
      }
    },
    ConformanceCase("a job to be cancelled is not handed out again") { fixture in
      let died = try fixture.submit("ann", "a").job.id
      _ = try fixture.claim("w1", lease: 10)
      _ = try fixture.store.requestCancel(died)
      fixture.clock.advance(10)
      #expect(try fixture.claim() == nil)
      #expect(try fixture.store.job(died).status == .cancelled)

      let released = try fixture.submit("ann", "b").job.id
      _ = try fixture.claim()
      _ = try fixture.store.requestCancel(released)
      #expect(try fixture.store.release(released, attempt: 1) == .cancelled)
    },
    ConformanceCase("one of several users withdraws without cancelling") { fixture in
      let store = fixture.store
      let ann = try UserID("ann")
      let bob = try UserID("bob")
      let id = try fixture.submit("ann", "bags").job.id
      fixture.clock.advance(1)
      try fixture.submit("bob", "bags")
      let left = try store.withdraw(ann, from: id)
      #expect(left.status == .queued && left.owner == bob)
      #expect(try store.requesters(of: id) == [bob])
      #expect(left.metadata == Fixture.json("{}"))
      #expect(throws: StoreError.notFound(.job, id.rawValue)) { try store.withdraw(ann, from: id) }
      let last = try store.withdraw(bob, from: id)
      #expect(last.status == .cancelled)
      #expect(try store.requesters(of: id) == [bob])
      #expect(throws: StoreError.jobFinished(id, .cancelled)) { try store.withdraw(bob, from: id) }
    },
    ConformanceCase("an unknown job is named") { fixture in
      let id = try #require(JobID(rawValue: "job_0123456789abcdef01234567"))
      let missing = StoreError.notFound(.job, id.rawValue)
      #expect(throws: missing) { try fixture.store.job(id) }
      #expect(throws: missing) { try fixture.store.requestCancel(id) }
      #expect(throws: missing) { try fixture.store.latestCheckpoint(id) }
      #expect(throws: missing) { try fixture.store.events(of: id, after: 0, limit: 1) }
      #expect(throws: missing) {
        try fixture.store.append(NewEvent(type: "a", message: "b"), to: id)
      }
      #expect(throws: missing) { try fixture.store.jobs(JobFilter(), after: id, limit: 1) }
    },
  ]
}
