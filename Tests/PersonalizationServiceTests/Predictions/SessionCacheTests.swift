import ControlPlane
import Dispatch
import ModelFormats
import NeuralGraph
import PersonalizationService
import SparseRuntime
import Store
import Synchronization
import Testing

@Suite struct SessionCacheTests {
  private struct Broken: Error {}

  private static let image: [Float] = [0.5, -1, 2, 0.25]

  /// Models of one size that answer differently, and how often each was read.
  private final class Shelf: Sendable {
    let ids: [ModelID]
    private let models: [ModelID: PackedModel]
    private let counts = Mutex<[ModelID: Int]>([:])

    init(_ count: Int) throws {
      ids = (0..<count).map { ModelID(unchecked: "model_\($0)") }
      var models: [ModelID: PackedModel] = [:]
      for (index, id) in ids.enumerated() { models[id] = try Self.model(seed: UInt64(index)) }
      self.models = models
    }

    private static func model(seed: UInt64) throws -> PackedModel {
      let shape = ActivationShape(channels: 1, height: 2, width: 2)
      var builder = GraphBuilder(input: shape)
      let scores = builder.linear("fc", builder.image, features: 4, out: 3)
      let graph = try builder.graph(output: scores)
      let description = try ModelDescription(
        graph: graph, labels: ["a", "b", "c"],
        preprocessing: Preprocessing(shape: shape, mean: [0], standardDeviation: [1]))
      return try PackedModel(
        description: description, pattern: HybridPattern(keep: 2, block: 8),
        weights: graph.initialWeights(seed: seed), masks: [:], provenance: Provenance())
    }

    func read(_ id: ModelID) throws -> SessionCache.Loaded {
      counts.withLock { $0[id, default: 0] += 1 }
      guard let model = models[id] else { throw Broken() }
      return SessionCache.Loaded(model, bytes: 1000)
    }

    func reads(_ id: ModelID) -> Int { counts.withLock { $0[id] ?? 0 } }

    func expected(_ id: ModelID) throws -> [Float] {
      try Session(model: #require(models[id]), batchCapacity: 1).run(images: image, count: 1)
    }
  }

  private func cache(_ shelf: Shelf, memory: Int = 1 << 20) -> SessionCache {
    SessionCache(memory: memory, patience: .seconds(30)) { try shelf.read($0) }
  }

  private func scores(_ cache: SessionCache, _ id: ModelID) throws -> [Float] {
    try cache.run(id) { session, _ in try session.run(images: Self.image, count: 1) }
  }

  /// Bytes of a model with one session.
  private func unit() throws -> Int {
    let shelf = try Shelf(1)
    let cache = cache(shelf)
    _ = try scores(cache, shelf.ids[0])
    return cache.statistics.bytes
  }

  @Test func aModelIsReadOnceAndItsSessionKept() throws {
    let shelf = try Shelf(2)
    let cache = cache(shelf)
    for _ in 0..<3 {
      for id in shelf.ids { #expect(try scores(cache, id) == shelf.expected(id)) }
    }
    #expect(shelf.ids.map(shelf.reads) == [1, 1])
    let unit = try unit()
    #expect(unit > 0)
    #expect(
      cache.statistics
        == SessionCache.Statistics(models: 2, idleSessions: 2, bytes: 2 * unit, loads: 2))
  }

  @Test func theLeastRecentlyUsedModelMakesRoom() throws {
    let shelf = try Shelf(3)
    let unit = try unit()
    let cache = cache(shelf, memory: 2 * unit)
    // 0, 1, 0 again: so 2 takes the place of 1.
    for index in [0, 1, 0, 2, 0, 2] { _ = try scores(cache, shelf.ids[index]) }
    #expect(shelf.ids.map(shelf.reads) == [1, 1, 1])
    #expect(
      cache.statistics
        == SessionCache.Statistics(
          models: 2, idleSessions: 2, bytes: 2 * unit, loads: 3, evictions: 1))
    #expect(try scores(cache, shelf.ids[1]) == shelf.expected(shelf.ids[1]))
    #expect(shelf.ids.map(shelf.reads) == [1, 2, 1])
    #expect(cache.statistics.bytes == 2 * unit)
  }

  @Test func aSecondSessionOfOneModelIsMadeAndKeptWhileThereIsRoom() throws {
    let shelf = try Shelf(1)
    let id = shelf.ids[0]
    let unit = try unit()
    for memory in [1 << 20, unit] {
      let cache = cache(shelf, memory: memory)
      try cache.run(id) { outer, _ in
        try cache.run(id) { inner, _ in #expect(outer !== inner) }
      }
      // Without room for two sessions one of them goes.
      #expect(cache.statistics.idleSessions == (memory == unit ? 1 : 2))
      #expect(cache.statistics.bytes <= memory)
      #expect(cache.statistics.loads == 1)
    }
  }

  @Test func aCrowdWaitsForOneRead() throws {
    let shelf = try Shelf(1)
    let id = shelf.ids[0]
    let expected = try shelf.expected(id)
    let started = DispatchSemaphore(value: 0)
    let cache = SessionCache(memory: 1 << 20, patience: .seconds(30)) { id in
      // Everybody else is at the door by now.
      for _ in 0..<8 { started.wait() }
      return try shelf.read(id)
    }
    let answers = try Crowd.run(8) { _ in
      started.signal()
      return try cache.run(id) { session, _ in try session.run(images: Self.image, count: 1) }
    }
    #expect(answers == [[Float]](repeating: expected, count: 8))
    #expect(shelf.reads(id) == 1)
    #expect(cache.statistics.loads == 1)
  }

  @Test func aFailureIsNotKept() throws {
    let shelf = try Shelf(1)
    let cache = cache(shelf)
    let unknown = ModelID(unchecked: "model_unknown")
    for _ in 0..<2 {
      #expect(throws: Broken.self) { try scores(cache, unknown) }
    }
    #expect(shelf.reads(unknown) == 2)
    #expect(cache.statistics == SessionCache.Statistics())
    // Nor does what fails inside take the session along.
    #expect(throws: Broken.self) { try cache.run(shelf.ids[0]) { _, _ in throw Broken() } }
    #expect(cache.statistics.idleSessions == 1)
  }

  @Test(arguments: [false, true])
  func aModelBeyondTheMemoryIsRefused(isSessionToBlame: Bool) throws {
    let shelf = try Shelf(1)
    let memory = isSessionToBlame ? try unit() - 1 : 1
    let cache = cache(shelf, memory: memory)
    let error = #expect(throws: ControlPlaneError.self) { try scores(cache, shelf.ids[0]) }
    #expect(error?.code == "model_exceeds_memory")
    #expect(cache.statistics.bytes <= memory)
    #expect(cache.statistics.idleSessions == 0)
  }

  @Test func whoWaitsInVainForAModelIsToldSo() throws {
    let shelf = try Shelf(1)
    let id = shelf.ids[0]
    let (begun, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let cache = SessionCache(memory: 1 << 20, patience: .milliseconds(20)) { id in
      begun.signal()
      goOn.wait()
      return try shelf.read(id)
    }
    let answers = try Crowd.run(2) { member -> [Float]? in
      if member == 0 { return try scores(cache, id) }
      begun.wait()
      defer { goOn.signal() }
      let error = #expect(throws: ControlPlaneError.self) { try scores(cache, id) }
      #expect(error == .predictionsBusy)
      return nil
    }
    #expect(try answers == [shelf.expected(id), nil])
    #expect(try scores(cache, id) == shelf.expected(id))
  }

  @Test func aDroppedModelIsGoneWhenItsLastRequestIs() throws {
    let shelf = try Shelf(2)
    let (id, other) = (shelf.ids[0], shelf.ids[1])
    let cache = cache(shelf)
    _ = try self.scores(cache, other)
    let rest = cache.statistics.bytes
    let scores = try cache.run(id) { session, _ in
      cache.drop([id])
      #expect(cache.statistics.models == 1)
      return try session.run(images: Self.image, count: 1)
    }
    #expect(try scores == shelf.expected(id))
    #expect(
      cache.statistics == SessionCache.Statistics(models: 1, idleSessions: 1, bytes: rest, loads: 2)
    )
    cache.drop([other, id])
    #expect(cache.statistics == SessionCache.Statistics(loads: 2))
    #expect(try self.scores(cache, id) == scores)
    #expect(shelf.reads(id) == 2)
  }

  @Test func aCrowdOnMoreModelsThanThereIsRoomForIsAnsweredRight() throws {
    let shelf = try Shelf(5)
    let unit = try unit()
    let expected = try shelf.ids.map(shelf.expected)
    let cache = cache(shelf, memory: 2 * unit)
    let answers = try Crowd.run(16) { member in
      try (0..<20).map { turn in
        let model = (member + turn * 3) % 5
        let scores = try cache.run(shelf.ids[model]) { session, _ in
          try session.run(images: Self.image, count: 1)
        }
        return scores == expected[model]
      }
    }
    #expect(answers.allSatisfy { $0.allSatisfy { $0 } })
    #expect(cache.statistics.bytes <= 2 * unit)
    #expect(cache.statistics.evictions >= 3)
    cache.drop(shelf.ids)
    #expect(cache.statistics.bytes == 0)
  }
}
