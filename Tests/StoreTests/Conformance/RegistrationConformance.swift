import Foundation
import Store
import Testing

/// What every ``AdministeredStore`` must do about what operators registered.
enum RegistrationConformance {
  static let all: [ConformanceCase] = [
    ConformanceCase("a data set may move, and nothing else of it changes") { fixture in
      let store = fixture.store
      var moved = Fixture.dataset()
      moved.path = "/elsewhere"
      moved.fingerprint = Fixture.digest("there")
      let before = try store.dataset("shapes")
      fixture.clock.advance(5)
      #expect(try store.moveDataset(moved).record == moved)
      #expect(try store.dataset("shapes").record == moved)
      #expect(try store.dataset("shapes").createdAt == before.createdAt)
      for change: (inout DatasetRecord) -> Void in [
        { $0.digest = Fixture.digest("other") }, { $0.classes.reverse() }, { $0.format = "cifar" },
      ] {
        var other = moved
        change(&other)
        #expect(throws: StoreError.nameTaken(.dataset, "shapes")) { try store.moveDataset(other) }
      }
      #expect(throws: StoreError.notFound(.dataset, "ants")) {
        try store.moveDataset(Fixture.dataset(name: "ants"))
      }
      #expect(try store.dataset("shapes").record == moved)
    },
    ConformanceCase("a data set that base models need is not removed, and they are named") {
      fixture in
      let store = fixture.store
      try store.addDataset(Fixture.dataset(name: "ants"))
      try store.removeDataset("ants")
      #expect(throws: StoreError.notFound(.dataset, "ants")) { try store.dataset("ants") }
      #expect(throws: StoreError.notFound(.dataset, "ants")) { try store.removeDataset("ants") }
      #expect(
        throws: StoreError.inUse(.dataset, "shapes", by: "base models (resnet): remove those first")
      ) { try store.removeDataset("shapes") }
      try store.removeBaseModel("resnet", withModels: false)
      try store.removeDataset("shapes")
      #expect(try store.datasets().isEmpty)
    },
    ConformanceCase("a base model that jobs or models need is not removed, and they are named") {
      fixture in
      let store = fixture.store
      #expect(throws: StoreError.notFound(.baseModel, "vgg")) {
        try store.removeBaseModel("vgg", withModels: true)
      }
      let model = try fixture.publishedModel("ann", "made")
      let open = try fixture.submit("ann", "open").job.id
      let blob = try store.baseModel("resnet").record.blob
      func refusal(_ withModels: Bool = false) -> String {
        do { try store.removeBaseModel("resnet", withModels: withModels) } catch StoreError.inUse(
          .baseModel, "resnet", let by)
        {
          return by
        } catch { Issue.record("\(error)") }
        return ""
      }
      #expect(refusal().contains("1 jobs") && refusal().contains(open.rawValue))
      // Refused before anything is removed.
      #expect(refusal(true).contains(open.rawValue))
      _ = try store.requestCancel(open)
      #expect(refusal().contains("1 models"))
      #expect(try store.job(open).status == .cancelled && store.model(model.id) == model)
      var another = try store.baseModel("resnet").record
      another.name = "alex"
      _ = try store.addBaseModel(another)
      #expect(refusal(true).contains("choose another default"))
      try store.setDefaultBaseModel("alex")
      #expect(try store.removeBaseModel("resnet", withModels: true) == 1)
      #expect(throws: StoreError.notFound(.model, model.id.rawValue)) { try store.model(model.id) }
      #expect(try store.baseModels().map(\.record.name) == ["alex"])
      // What is left of it goes along; its file is another's too.
      #expect(throws: StoreError.notFound(.job, open.rawValue)) { try store.job(open) }
      #expect(try store.profiles(of: UserID("ann")).isEmpty)
      #expect(try store.blob(blob) != nil)
      try store.removeBaseModel("alex", withModels: false)
      #expect(try store.blob(blob) == nil && store.defaultBaseModel() == nil)
    },
    ConformanceCase("a base model is replaced when no job needs the old one") { fixture in
      let store = fixture.store
      let model = try fixture.publishedModel("ann", "made")
      let known = try store.baseModel("resnet")
      var next = known.record
      next.blob = try store.put(Data("better weights".utf8)).digest
      next.digest = Fixture.digest("better")
      next.labels = ["Boot", "Bag", "Coat", "Hat"]
      next.parameterCount = 5
      try store.setSpeed(
        SpeedRecord(unitsPerSecond: 2, jobs: 1), ofBaseModel: "resnet", machine: "m")
      let open = try fixture.submit("ann", "open").job.id
      do {
        try store.replaceBaseModel(next)
        Issue.record("a base model was replaced that a job needs")
      } catch StoreError.inUse(.baseModel, "resnet", let by) {
        #expect(by.contains(open.rawValue))
      }
      #expect(try store.baseModel("resnet") == known)
      _ = try store.requestCancel(open)
      // The same again is nothing to do.
      #expect(try store.replaceBaseModel(known.record) == known)
      var late = try fixture.submission("bob", "late")
      late.baseDigest = known.record.digest
      #expect(try store.replaceBaseModel(next).record == next)
      // Read before, queued after: it was to be of the old one.
      let replaced = StoreError.replaced(.baseModel, "resnet")
      #expect(throws: replaced) { try store.submit(late) }
      #expect(try store.backlog().queued == 0)
      late.baseDigest = next.digest
      _ = try store.requestCancel(store.submit(late).job.id)
      #expect(try store.baseModel("resnet").record == next)
      #expect(try store.baseModel("resnet").createdAt == known.createdAt)
      #expect(try store.blob(known.record.blob) == nil)
      #expect(try store.speed(ofBaseModel: "resnet", machine: "m") == nil)
      #expect(try store.model(model.id).baseModel == "resnet")
      try store.addDataset(Fixture.dataset(name: "ants"))
      var other = next
      other.dataset = "ants"
      #expect(throws: StoreError.nameTaken(.baseModel, "resnet")) {
        try store.replaceBaseModel(other)
      }
      other.name = "vgg"
      #expect(throws: StoreError.notFound(.baseModel, "vgg")) { try store.replaceBaseModel(other) }
    },
  ]
}
