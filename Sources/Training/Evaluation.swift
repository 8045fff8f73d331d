import Datasets
import NeuralGraph

/// How well a classifier did on labelled images.
public struct Evaluation: Sendable, Hashable, Codable {
  /// Images of each class.
  public var counts: [Int]
  /// Rightly classified images of each class.
  public var correct: [Int]

  /// Nothing seen yet.
  public init(classes: Int) {
    counts = [Int](repeating: 0, count: classes)
    correct = counts
  }

  /// Share of all images that were classified rightly, 0…1.
  public var accuracy: Double {
    Double(correct.reduce(0, +)) / Double(max(1, counts.reduce(0, +)))
  }

  /// Share of each class, 0…1.
  public var perClass: [Double] { zip(correct, counts).map { Double($0) / Double(max(1, $1)) } }

  /// Counts a batch of scores (batch x classes). Ties go to the lowest index.
  public mutating func add(scores: [Float], labels: [Int]) {
    let classes = counts.count
    guard scores.count == labels.count * classes else { return }
    for (row, label) in labels.enumerated() where counts.indices.contains(label) {
      counts[label] += 1
      if Evaluation.best(scores[row * classes..<(row + 1) * classes]) == label {
        correct[label] += 1
      }
    }
  }

  /// Position of the largest score within its row.
  public static func best(_ row: ArraySlice<Float>) -> Int {
    var best = row.startIndex
    for i in row.indices where row[i] > row[best] { best = i }
    return best - row.startIndex
  }

  /// Runs any classifier over a split in batches. What `classify` throws ends the pass before the
  /// next batch.
  public static func run<Failure: Error>(
    _ loader: BatchLoader, split: Split, batchSize: Int, mostPerClass: Int? = nil,
    classify: (Batch) throws(Failure) -> [Float]
  ) throws(Failure) -> Evaluation {
    var evaluation = Evaluation(classes: loader.classCount)
    let batches = loader.sequential(split, batchSize: batchSize, mostPerClass: mostPerClass)
    for batch in batches {
      evaluation.add(scores: try classify(batch), labels: batch.labels)
    }
    return evaluation
  }
}

extension Graph {
  /// Images that go through the network together when it is evaluated: a hundred, or as many as
  /// keep one activation below 64 MB.
  public var evaluationBatchSize: Int {
    let largest = (try? shapes().values.map(\.count).max()) ?? nil
    return max(1, min(100, (1 << 24) / max(1, largest ?? 1)))
  }
}

extension Network {
  /// Evaluates this network with running statistics, on all images of a split or on the first
  /// `mostPerClass` of each class. Scores beyond the loader's classes do not compete.
  /// `checkCancellation` is called before every batch is computed; what it throws ends the pass.
  public func evaluate(
    _ loader: BatchLoader, split: Split, mostPerClass: Int? = nil,
    checkCancellation: () throws -> Void = {}
  ) throws -> Evaluation {
    try Evaluation.run(
      loader, split: split, batchSize: graph.evaluationBatchSize, mostPerClass: mostPerClass
    ) { batch in
      try checkCancellation()
      let scores = try forward(batch.images, count: batch.count, mode: .inference)
      return firstScores(scores, of: classCount, count: loader.classCount)
    }
  }
}
