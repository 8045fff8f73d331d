import Foundation
import ModelFormats
import NeuralGraph
import Randomness
import SparseRuntime
import Testing

/// Files from strangers, run: whatever the reader accepts must run or be refused, never trap.
@Suite struct HostileModelTests {
  @Test(arguments: [nil, .mobileNetV3, .shuffled] as [BlockNetworks?], [1, 2, 3] as [UInt64])
  func survivesMutatedGraphs(_ network: BlockNetworks?, seed: UInt64) throws {
    let graph = try network?.graph ?? TestNetworks.residual(7)
    let model = try TestNetworks.packed(
      graph, weights: TestNetworks.weights(graph, seed: 1),
      pattern: HybridPattern(keep: 2, block: 8), density: 0.3, seed: 2)
    let original = try model.serialized()
    let header = original.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let digits = (8..<8 + header).filter { (0x30...0x39).contains(original[$0]) }
    var generator = SeededGenerator(seed: seed, stream: "mutation")
    var ran = 0
    for _ in 0..<1500 {
      var data = original
      // Digits: sides, kernels, strides, paddings, offsets. Or any byte of the weights.
      for _ in 0...generator.nextIndex(below: 2) {
        if generator.nextIndex(below: 4) == 0 {
          data[8 + header + generator.nextIndex(below: data.count - 8 - header)] =
            UInt8(generator.nextIndex(below: 256))
        } else {
          data[digits[generator.nextIndex(below: digits.count)]] =
            0x30 + UInt8(generator.nextIndex(below: 10))
        }
      }
      guard let model = try? PackedModel(data: data),
        let session = try? Session(model: model, batchCapacity: 2)
      else { continue }
      let images = TestNetworks.normal(2 * session.inputShape.count, seed: 1)
      #expect(try session.run(images: images, count: 2).count == 2 * session.classCount)
      ran += 1
    }
    #expect(ran > 10)
  }

  /// What is refused for its size costs nothing before, whatever lies between its layers.
  @Test func refusingTakesNoMemory() throws {
    // The peak of this process, other tests included; a mask of this graph has 576 MB.
    func peak() throws -> Int {
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
      return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    }
    var list = NodeList(1, 12_000, 12_000)
    let values = (0..<9).map { _ in list.convolution("input", out: 4) }
    var sum = values[0]
    for value in values.dropFirst() { sum = list.add(.multiply, list.add(.sigmoid, sum), value) }
    let graph = list.graph
    let weights = TestNetworks.weights(graph, seed: 1)
    let before = try peak()
    #expect(throws: RuntimeError.tooLarge(layer: "all layers together")) {
      try Session(graph: graph, weights: weights, batchCapacity: 1)
    }
    #expect(try peak() - before < 400 << 10)
  }
}
