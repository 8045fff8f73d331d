import Store
import Testing

/// What every ``SpeedRegistry`` must do.
enum SpeedRegistryConformance {
  static let all: [ConformanceCase] = [
    ConformanceCase("speeds are kept by base model and machine") { fixture in
      let store = fixture.store
      #expect(try store.baseModels(withoutSpeedOn: "here") == ["resnet"])
      #expect(try store.speed(ofBaseModel: "resnet", machine: "here") == nil)
      let first = SpeedRecord(unitsPerSecond: 1.5e10, jobs: 0)
      try store.setSpeed(first, ofBaseModel: "resnet", machine: "here")
      #expect(try store.speed(ofBaseModel: "resnet", machine: "here") == first)
      #expect(try store.speed(ofBaseModel: "resnet", machine: "there") == nil)
      #expect(try store.baseModels(withoutSpeedOn: "here").isEmpty)
      #expect(try store.baseModels(withoutSpeedOn: "there") == ["resnet"])
      let second = SpeedRecord(unitsPerSecond: 2e10, jobs: 3)
      try store.setSpeed(second, ofBaseModel: "resnet", machine: "here")
      #expect(try store.speed(ofBaseModel: "resnet", machine: "here") == second)
    },
    ConformanceCase("speeds that are none are refused") { fixture in
      let store = fixture.store
      for speed in [0, -1, .nan, .infinity] {
        let error = #expect(throws: StoreError.self) {
          try store.setSpeed(
            SpeedRecord(unitsPerSecond: speed, jobs: 0), ofBaseModel: "resnet", machine: "here")
        }
        #expect(error?.code == "invalid_value")
      }
      #expect(throws: StoreError.notFound(.baseModel, "nobody")) {
        try store.setSpeed(
          SpeedRecord(unitsPerSecond: 1, jobs: 0), ofBaseModel: "nobody", machine: "here")
      }
    },
  ]
}
