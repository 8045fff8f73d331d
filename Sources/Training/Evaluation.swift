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

  /// Images of all classes.
  public var images: Int { counts.reduce(0, +) }

  /// Share of all images that were classified rightly, 0…1; nil where there were none: a mean over
  /// nothing is not 0.
  public var accuracy: Double? {
    images > 0 ? Double(correct.reduce(0, +)) / Double(images) : nil
  }

  /// Share of each class, 0…1; nil for a class without images.
  public var perClass: [Double?] {
    zip(correct, counts).map { $1 > 0 ? Double($0) / Double($1) : nil }
  }

  /// The same by the names of the classes, without those that have no images.
  public func perClass(names: [String]) -> [String: Double] {
    let measured = zip(names, perClass).compactMap { name, share in share.map { (name, $0) } }
    return Dictionary(measured, uniquingKeysWith: { first, _ in first })
  }

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
  ///
  /// Throws `diverged` for scores that are no numbers, which an update may leave behind whose own
  /// loss was still finite; `step` is how many there were.
  public func evaluate(
    _ loader: BatchLoader, split: Split, mostPerClass: Int? = nil, step: Int = 0,
    checkCancellation: () throws -> Void = {}
  ) throws -> Evaluation {
    try Evaluation.run(
      loader, split: split, batchSize: graph.evaluationBatchSize, mostPerClass: mostPerClass
    ) { batch in
      try checkCancellation()
      let scores = try forward(batch.images, count: batch.count, mode: .inference)
      guard scores.allSatisfy(\.isFinite) else { throw TrainingError.diverged(step: step) }
      return firstScores(scores, of: classCount, count: loader.classCount)
    }
  }
}
