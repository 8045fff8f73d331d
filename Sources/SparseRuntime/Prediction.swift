import ModelFormats

#if canImport(Glibc)
  import Glibc
#else
  import Foundation
#endif

/// One class that an image may show.
public struct Prediction: Sendable, Hashable {
  /// Index of the class among the scores.
  public let index: Int
  /// The class's name.
  public let label: String
  /// Softmax of the scores: 0…1, all classes together 1.
  public let probability: Float

  /// The `count` most probable classes of one image, the most probable first; classes with equal
  /// scores in the order of their labels.
  public static func ranked(
    scores: some Collection<Float>, labels: [String], count: Int = 5
  ) -> [Prediction] {
    let scores = scores.map(Double.init)
    let highest = scores.max() ?? 0
    let exponentials = scores.map { exp($0 - highest) }
    let sum = exponentials.reduce(0, +)
    return zip(labels, exponentials).enumerated()
      .sorted { ($1.element.1, $0.offset) < ($0.element.1, $1.offset) }
      .prefix(max(0, count))
      .map {
        Prediction(
          index: $0.offset, label: $0.element.0, probability: Float($0.element.1 / sum))
      }
  }
}

extension Session {
  /// The most probable classes of each image. `images` as for `run`; `labels` are the model's.
  /// Throws `scoresNotFinite` when an image has scores that no probabilities can be made of.
  /// Probabilities are the softmax of all scores; at most `top` classes are answered, the most
  /// probable first.
  public func predict(
    images: [Float], count: Int, labels: [String], top: Int = 5
  ) throws(RuntimeError) -> [[Prediction]] {
    let scores = try run(images: images, count: count)
    if let index = scores.firstIndex(where: { !$0.isFinite }) {
      throw .scoresNotFinite(image: index / classCount)
    }
    return (0..<count).map { image in
      Prediction.ranked(
        scores: scores[image * classCount..<(image + 1) * classCount], labels: labels, count: top)
    }
  }
}
