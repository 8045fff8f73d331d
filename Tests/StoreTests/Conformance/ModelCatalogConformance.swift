import Foundation
import Store
import Testing

/// What every ``ModelCatalog`` must do.
enum ModelCatalogConformance {
  static let all: [ConformanceCase] = [
    ConformanceCase("adding the same data set again changes nothing") { fixture in
      let store = fixture.store
      let dataset = Fixture.dataset(name: "ants")
      let added = try store.addDataset(dataset)
      #expect(added.record == dataset && added.createdAt == fixture.clock.now)
      fixture.clock.advance(5)
      #expect(try store.addDataset(dataset) == added)
      #expect(try store.dataset("ants") == added)
      #expect(try store.datasets().map(\.record.name) == ["ants", "shapes"])
      #expect(throws: StoreError.notFound(.dataset, "bees")) { try store.dataset("bees") }
    },
    ConformanceCase("a data set's fingerprint may change, nothing else of it") { fixture in
      let known = try fixture.store.dataset("shapes")
      var touched = known.record
      for fingerprint in [Fixture.digest("now"), Fixture.digest("later"), nil] {
        touched.fingerprint = fingerprint
        #expect(try fixture.store.addDataset(touched).record == touched)
        #expect(try fixture.store.dataset("shapes").record == touched)
      }
      touched.fingerprint = Fixture.digest("again")
      touched.path = "/elsewhere"
      #expect(throws: StoreError.nameTaken(.dataset, "shapes")) {
        try fixture.store.addDataset(touched)
      }
      #expect(try fixture.store.dataset("shapes") == known)
    },
    ConformanceCase("another data set under the same name is a conflict") { fixture in
      let changes: [(inout DatasetRecord) -> Void] = [
        { $0.path = "/elsewhere" }, { $0.format = "cifar" }, { $0.classes.reverse() },
        { $0.digest = Fixture.digest("other") }, { $0.counts = Fixture.json("{}") },
      ]
      for change in changes {
        var dataset = Fixture.dataset()
        change(&dataset)
        #expect(throws: StoreError.nameTaken(.dataset, "shapes")) {
          try fixture.store.addDataset(dataset)
        }
      }
      let kept = try fixture.store.dataset("shapes").record
      #expect(kept == Fixture.dataset())
    },
    ConformanceCase("adding the same base model again changes nothing") { fixture in
      let store = fixture.store
      let known = try store.baseModel("resnet")
      fixture.clock.advance(5)
      #expect(try store.addBaseModel(known.record) == known)
      var another = known.record
      another.name = "alex"
      another.labels = ["é", "z", "a"]
      #expect(try store.addBaseModel(another).record == another)
      #expect(try store.baseModels().map(\.record) == [another, known.record])
      #expect(throws: StoreError.notFound(.baseModel, "vgg")) { try store.baseModel("vgg") }
    },
    ConformanceCase("one base model is the default: the first until another is chosen") { fixture in
      let store = fixture.store
      #expect(try store.defaultBaseModel() == "resnet")
      var another = try store.baseModel("resnet").record
      another.name = "alex"
      _ = try store.addBaseModel(another)
      #expect(try store.defaultBaseModel() == "resnet")
      try store.setDefaultBaseModel("alex")
      #expect(try store.defaultBaseModel() == "alex")
      try store.setDefaultBaseModel("alex")
      #expect(throws: StoreError.notFound(.baseModel, "vgg")) {
        try store.setDefaultBaseModel("vgg")
      }
      #expect(try store.defaultBaseModel() == "alex")
    },
    ConformanceCase("another base model under the same name is a conflict") { fixture in
      let known = try fixture.store.baseModel("resnet").record
      let other = try fixture.store.put(Data("other".utf8)).digest
      let changes: [(inout BaseModelRecord) -> Void] = [
        { $0.architecture = "vgg" }, { $0.blob = other }, { $0.labels.reverse() },
        { $0.digest = other }, { $0.parameterCount = 1 },
        { $0.metadata = Fixture.json(#"{"a":1}"#) },
      ]
      for change in changes {
        var model = known
        change(&model)
        #expect(throws: StoreError.nameTaken(.baseModel, "resnet")) {
          try fixture.store.addBaseModel(model)
        }
      }
      #expect(try fixture.store.baseModel("resnet").record == known)
    },
    ConformanceCase("a base model needs its file and its data set") { fixture in
      var model = try fixture.store.baseModel("resnet").record
      model.name = "new"
      model.blob = Fixture.digest("never stored")
      #expect(throws: StoreError.notFound(.blob, model.blob.hex)) {
        try fixture.store.addBaseModel(model)
      }
      model = try fixture.store.baseModel("resnet").record
      model.name = "new"
      model.dataset = "absent"
      #expect(throws: StoreError.notFound(.dataset, "absent")) {
        try fixture.store.addBaseModel(model)
      }
      #expect(try fixture.store.baseModels().count == 1)
    },
    ConformanceCase("fields of registered records are checked") { fixture in
      let known = try fixture.store.baseModel("resnet").record
      let changes: [(inout BaseModelRecord) -> Void] = [
        { $0.name = "" }, { $0.name = "a\u{7}" }, { $0.parameterCount = -1 },
        { $0.architecture = String(repeating: "x", count: 257) },
        { $0.metadata = Fixture.json("no") },
      ]
      for change in changes {
        var model = known
        model.name = "new"
        change(&model)
        let error = #expect(throws: StoreError.self) { try fixture.store.addBaseModel(model) }
        #expect(error?.code == "invalid_value")
      }
      var dataset = Fixture.dataset(name: "new")
      dataset.counts = Data()
      let error = #expect(throws: StoreError.self) { try fixture.store.addDataset(dataset) }
      #expect(error?.code == "invalid_value")
    },
    ConformanceCase("models are listed newest first and paged") { fixture in
      let store = fixture.store
      var models: [ModelRecord] = []
      for number in 0..<5 {
        models.append(
          try fixture.publishedModel(number == 2 ? "bob" : "ann", "model \(number)"))
      }
      let all = try store.models(ModelFilter(), after: nil, limit: 10)
      #expect(all.elements == models.reversed() && !all.hasMore)
      let first = try store.models(ModelFilter(user: UserID("ann")), after: nil, limit: 3)
      #expect(first.elements == [4, 3, 1].map { models[$0] } && first.hasMore)
      let rest = try store.models(
        ModelFilter(user: UserID("ann")), after: first.elements.last?.id, limit: 3)
      #expect(rest.elements == [models[0]] && !rest.hasMore)
    },
    ConformanceCase("a published model gets further files, each once") { fixture in
      let store = fixture.store
      let model = try fixture.publishedModel("ann", "m")
      let first = try store.put(Data("first".utf8))
      let file = NewModelFile(name: "onnx", blob: first.digest, mediaType: "a/b")
      let added = try store.addFile(file, to: model.id)
      #expect(added.blob == first && added.name == "onnx" && added.mediaType == "a/b")
      #expect(try store.model(model.id).files == model.files + [added])
      var again = file
      again.blob = try store.put(Data("second".utf8)).digest
      #expect(try store.addFile(again, to: model.id) == added)
      // What a model refers to stays.
      fixture.clock.advance(10)
      #expect(try store.collectGarbage(olderThan: 1).map(\.digest) == [again.blob])
      #expect(try store.blob(first.digest) == first)

      again.blob = Fixture.digest("never stored")
      again.name = "other"
      #expect(throws: StoreError.notFound(.blob, again.blob.hex)) {
        try store.addFile(again, to: model.id)
      }
      _ = try store.deleteUser(UserID("ann"))
      #expect(throws: StoreError.notFound(.model, model.id.rawValue)) {
        try store.addFile(file, to: model.id)
      }
      // Its files went with it.
      #expect(try store.blob(first.digest) == nil)
    },
    ConformanceCase("an unknown model is named") { fixture in
      let id = try #require(ModelID(rawValue: "model_0123456789abcdef01234567"))
      let missing = StoreError.notFound(.model, id.rawValue)
      #expect(throws: missing) { try fixture.store.model(id) }
      #expect(throws: missing) { try fixture.store.hasModel(id, user: UserID("ann")) }
      #expect(throws: missing) { try fixture.store.models(ModelFilter(), after: id, limit: 1) }
      #expect(try fixture.store.model(fingerprint: Fixture.digest("nothing")) == nil)
    },
  ]
}
