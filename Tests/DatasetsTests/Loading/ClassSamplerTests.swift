import Datasets
import Randomness
import Testing

@Suite struct ClassSamplerTests {
  private func sampler(
    _ dataset: ImageDataset, classes: [Int]? = nil, split: Split = .training, weights: [Double],
    seed: UInt64 = 1, stream: String = "test"
  ) throws -> ClassSampler {
    let loader = try BatchLoader(
      dataset: dataset, classes: classes ?? Array(dataset.classes.indices),
      normalization: TestData.plain)
    return try ClassSampler(
      loader: loader, split: split, weights: weights, augmentation: .none, seed: seed,
      stream: stream)
  }

  /// How far the count of any class is from its share after any image, at most.
  private func largestDeviation(_ weights: [Double], steps: Int) throws -> Double {
    let dataset = try TestData.numbered([Int](repeating: 3, count: weights.count))
    var sampler = try sampler(dataset, weights: weights)
    let total = weights.reduce(0, +)
    var counts = [Double](repeating: 0, count: weights.count)
    var largest = 0.0
    for step in 1...steps {
      counts[try sampler.next(1).labels[0]] += 1
      for (count, weight) in zip(counts, weights) {
        largest = max(largest, abs(count - weight / total * Double(step)))
      }
    }
    return largest
  }

  /// Tijdeman's bound for k classes, 1 - 1 / (2k - 2). Always taking the class that is furthest
  /// behind would leave it for the weights of the last three rows.
  @Test(arguments: [
    [1], [1, 1], [1, 5], [5, 1], [1, 1, 1], [1, 2, 3, 4], [1, 1e-9], [1e300, 1e300],
    [10, 10, 1, 0.1, 1, 10],
    [0.2, 35, 3.5, 3.5, 35, 17.5, 3.5, 1.4],
    [14, 2.8, 2.8, 1.1, 2.8, 14, 0.7, 28, 0.3, 28, 2.8, 2.8],
  ])
  func anyPrefixIsWithinOneOfItsShare(_ weights: [Double]) throws {
    let bound = 1 - 1 / Double(2 * max(2, weights.count) - 2)
    #expect(try largestDeviation(weights, steps: 400) <= bound + 1e-6)
  }

  @Test func randomWeightsToo() throws {
    var generator = SeededGenerator(seed: 2, stream: "weights")
    for _ in 0..<60 {
      let weights = (0..<2 + generator.nextIndex(below: 11)).map { _ in
        let base = generator.nextUniform()
        return base * base * base * 20 + 0.01
      }
      let bound = 1 - 1 / Double(2 * weights.count - 2)
      #expect(try largestDeviation(weights, steps: 300) <= bound + 1e-6, "\(weights)")
    }
  }

  @Test func batchesHoldTheirShares() throws {
    var sampler = try sampler(TestData.numbered([30, 30]), weights: [1, 5])
    for _ in 0..<10 {
      let labels = try sampler.next(60).labels
      #expect(labels.filter { $0 == 0 }.count == 10)
      #expect(labels.filter { $0 == 1 }.count == 50)
    }
  }

  @Test func onlyRatiosMatter() throws {
    let dataset = try TestData.numbered([30, 30])
    var one = try sampler(dataset, weights: [1, 3])
    var other = try sampler(dataset, weights: [250, 750])
    for _ in 0..<5 {
      let (a, b) = (try one.next(16), try other.next(16))
      #expect(a.labels == b.labels && a.images == b.images)
    }
  }

  /// Within a batch the order is shuffled, or a network would see the classes in turn.
  @Test func batchesAreShuffled() throws {
    var sampler = try sampler(TestData.numbered([50, 50]), weights: [1, 1])
    let labels = try sampler.next(64).labels
    #expect(labels != (0..<64).map { $0 % 2 })
    #expect(labels != labels.sorted())
  }

  @Test func noImageRepeatsBeforeAllOfItsClassWereSeen() throws {
    let dataset = try TestData.numbered([11, 40])
    // One at a time: batches are shuffled, across the end of an epoch too.
    var sampler = try sampler(dataset, weights: [2, 3])
    var orders: [[Int]] = []
    var current: [Int] = []
    while orders.count < 4 {
      let batch = try sampler.next(1)
      guard batch.labels == [0] else { continue }
      current += TestData.numbers(batch)
      if current.count == dataset.indices(.training, ofClass: 0).count {
        #expect(current.sorted() == dataset.indices(.training, ofClass: 0))
        orders.append(current)
        current = []
      }
    }
    #expect(Set(orders).count == 4)
  }

  @Test func theSeedAndTheStreamDecide() throws {
    let dataset = try TestData.numbered([30, 30, 30])
    func numbers(seed: UInt64, stream: String) throws -> [Int] {
      var sampler = try sampler(dataset, weights: [1, 2, 3], seed: seed, stream: stream)
      return try (0..<4).flatMap { _ in TestData.numbers(try sampler.next(8)) }
    }
    let first = try numbers(seed: 1, stream: "a")
    #expect(try numbers(seed: 1, stream: "a") == first)
    #expect(try numbers(seed: 2, stream: "a") != first)
    #expect(try numbers(seed: 1, stream: "b") != first)
  }

  @Test(arguments: Split.allCases) func onlyItsSplitIsDrawnFrom(_ split: Split) throws {
    let dataset = try TestData.numbered([30, 30, 30], test: 5)
    var sampler = try sampler(dataset, classes: [2, 0], split: split, weights: [1, 1])
    var seen: [Set<Int>] = [[], []]
    for _ in 0..<20 {
      let batch = try sampler.next(7)
      for (label, number) in zip(batch.labels, TestData.numbers(batch)) {
        seen[label].insert(number)
      }
    }
    #expect(seen[0] == Set(dataset.indices(split, ofClass: 2)))
    #expect(seen[1] == Set(dataset.indices(split, ofClass: 0)))
  }

  @Test(arguments: [0, -1, Int.min]) func noImagesOnRequest(_ size: Int) throws {
    var sampler = try sampler(TestData.numbered([10]), weights: [1])
    let batch = try sampler.next(size)
    #expect(batch.count == 0 && batch.images.isEmpty)
  }

  @Test(arguments: [
    [1], [1, 1, 1], [1, 0], [1, -1], [1, .nan], [1, .infinity],
    [.greatestFiniteMagnitude, .greatestFiniteMagnitude],
  ])
  func weightsMustBePositive(_ weights: [Double]) throws {
    let dataset = try TestData.numbered([10, 10])
    #expect(
      throws: DatasetError.malformed(
        file: "class weights", reason: "each of the 2 classes needs a positive one")
    ) { try sampler(dataset, weights: weights) }
  }

  @Test func thereMustBeAClass() throws {
    let dataset = try TestData.numbered([10, 10])
    #expect(
      throws: DatasetError.malformed(
        file: "class weights", reason: "there must be at least one class")
    ) { try sampler(dataset, classes: [], weights: []) }
  }

  @Test func classesMustHaveImages() throws {
    // Of three images none is held out.
    let dataset = try TestData.numbered([30, 3])
    #expect(throws: DatasetError.emptyClass("#1", split: "validation")) {
      try sampler(dataset, split: .validation, weights: [1, 1])
    }
  }
}
