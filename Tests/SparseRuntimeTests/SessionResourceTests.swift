import AllocationCounter
import Dispatch
import Foundation
import ModelFormats
import NeuralGraph
import SparseRuntime
import Synchronization
import Testing

/// What sessions take from the system: memory, threads.
@Suite(.serialized) struct SessionResourceTests {
  private func model(_ graph: Graph) throws -> PackedModel {
    try TestNetworks.packed(
      graph, weights: TestNetworks.weights(graph, seed: 1),
      pattern: HybridPattern(keep: 2, block: 8, rows: 2), density: 0.5, seed: 2)
  }

  @Test func equalNetworksTakeEqualMemory() throws {
    let first = try model(TestNetworks.residual())
    let second = try PackedModel(data: first.serialized())
    var last = 0
    // Sixteen and more go through in passes of sixteen.
    for batch in [1, 2, 5, 15] {
      let bytes = try Session(model: first, batchCapacity: batch).memoryBytes
      #expect(try Session(model: second, batchCapacity: batch).memoryBytes == bytes)
      #expect(bytes > last, "batch \(batch)")
      last = bytes
    }
    #expect(
      try Session(model: first, batchCapacity: 16).memoryBytes
        == Session(model: first, batchCapacity: 160).memoryBytes)
    #expect(
      try Session(model: first, batchCapacity: 1, exactly: 4).memoryBytes
        > Session(model: first, batchCapacity: 1).memoryBytes)
    // Activations alone: the first layer reads and writes floats.
    #expect(last > 15 * 4 * (first.description.graph.input.count + 18 * 7 * 8))
  }

  @Test(arguments: [1, 19]) func sessionsAtOnceGiveTheSameBits(batch: Int) throws {
    let model = try model(TestNetworks.residual())
    let images = TestNetworks.normal(batch * model.description.graph.input.count, seed: 3)
    let expected = try Session(model: model, batchCapacity: batch).run(images: images, count: batch)
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 6) { index in
      do {
        let session = try Session(model: model, batchCapacity: batch, exactly: 1 + index % 3)
        for _ in 0..<20 {
          let found = try session.run(images: images, count: batch)
          if found != expected { failures.withLock { $0.append("\(index): other bits") } }
        }
      } catch {
        failures.withLock { $0.append("\(index): \(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
  }

  /// Threads of this process, those of other tests included.
  private func threadCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/proc/self/task"), "there is no /proc"))
  func sessionsEndTheirThreads() throws {
    let graph = try TestNetworks.residual()
    let model = try model(graph)
    let images = TestNetworks.normal(graph.input.count, seed: 3)
    let before = try threadCount()
    // Many, so that what other tests start meanwhile does not matter.
    let threads = 250
    for run in [true, false, true] {
      do {
        let session = try Session(model: model, batchCapacity: 1, exactly: threads)
        if run { _ = try session.run(images: images, count: 1) }
        #expect(try threadCount() > before + threads / 2)
      }
      #expect(try threadCount() < before + threads / 2)
    }
  }

  @Test func countsAllocations() {
    allocations_start()
    let array = TestNetworks.normal(100, seed: 1)
    let count = allocations_stop()
    #expect((count > 0) == (allocations_can_be_counted() != 0), "\(array.count)")
  }

  /// Whether the compiler has moved what a step keeps for itself from the heap to the stack.
  private static var isOptimised: Bool {
    #if DEBUG
      false
    #else
      true
    #endif
  }

  /// The calling thread, which does what every thread does.
  @Test(
    .enabled(
      if: isOptimised && allocations_can_be_counted() != 0,
      "a debug build, or an allocator that does not count"), arguments: [1, 16, 19], [1, 2])
  func runningAllocatesNothing(batch: Int, threads: Int) throws {
    var graphs = BlockNetworks.allCases.map(\.graph)
    graphs.append(try TestNetworks.residual())
    graphs.append(try TestNetworks.residual(40))
    for graph in graphs {
      let images = TestNetworks.normal(batch * graph.input.count, seed: 3)
      let sessions = [
        try Session(model: model(graph), batchCapacity: batch, exactly: threads),
        try Session(
          graph: graph, weights: TestNetworks.weights(graph, seed: 1), batchCapacity: batch,
          exactly: threads),
      ]
      for session in sessions {
        var scores = [Float](repeating: 0, count: batch * session.classCount)
        let allocations = try images.withUnsafeBufferPointer { images in
          try scores.withUnsafeMutableBufferPointer { scores in
            // The first run may look up what the language does not know before.
            try session.run(images: images, count: batch, scores: scores)
            allocations_start()
            for _ in 0..<10 { try session.run(images: images, count: batch, scores: scores) }
            return allocations_stop()
          }
        }
        #expect(allocations == 0, "\(graph.nodes.count) nodes")
      }
    }
  }
}
