import Foundation

/// A loss averaged over a batch, with its gradient by the scores.
public struct Loss: Sendable {
  /// Mean over the batch, in nats.
  public var value: Double
  /// d(value)/d(score), batch x classes.
  public var gradient: [Float]

  /// Softmax cross entropy against labels. Scores are batch x classes; every label is below
  /// `classes`. Anything else throws `invalidInput`.
  public static func crossEntropy(_ scores: [Float], labels: [Int], classes: Int)
    throws(TrainingError) -> Loss
  {
    guard scores.count == labels.count * classes,
      labels.allSatisfy({ (0..<classes).contains($0) })
    else {
      throw .invalidInput(
        "\(scores.count) scores do not fit \(labels.count) labels of \(classes) classes")
    }
    var gradient = softmax(scores, classes: classes)
    let scale = 1 / Float(max(1, labels.count))
    var sum = 0.0
    for (row, label) in labels.enumerated() {
      let index = row * classes + label
      sum -= log(Double(max(gradient[index], Float.leastNormalMagnitude)))
      gradient[index] -= 1
    }
    for i in gradient.indices { gradient[i] *= scale }
    return Loss(value: sum / Double(max(1, labels.count)), gradient: gradient)
  }

  /// Kullback–Leibler divergence from a teacher's softened distribution, times T² so that its
  /// gradient keeps its size as T grows (Hinton, Vinyals, Dean 2015, section 2.1). Both are batch x
  /// classes; other counts and temperatures that are not positive throw `invalidInput`.
  public static func distillation(
    _ scores: [Float], teacher: [Float], classes: Int, temperature: Float
  ) throws(TrainingError) -> Loss {
    guard scores.count == teacher.count, classes > 0, temperature > 0 else {
      throw .invalidInput("\(teacher.count) teacher scores for \(scores.count) scores")
    }
    let student = softmax(scores.map { $0 / temperature }, classes: classes)
    let target = softmax(teacher.map { $0 / temperature }, classes: classes)
    let rows = Float(max(1, scores.count / classes))
    var sum = 0.0
    for (p, q) in zip(target, student) where p > 0 {
      sum += Double(p) * (log(Double(p)) - log(Double(max(q, Float.leastNormalMagnitude))))
    }
    let scale = temperature / rows
    return Loss(
      value: sum * Double(temperature * temperature / rows),
      gradient: zip(student, target).map { ($0 - $1) * scale })
  }

  /// The weighted sum of two losses over the same scores.
  public static func mixed(_ first: Loss, _ second: Loss, share: Double) -> Loss {
    let (a, b) = (Float(1 - share), Float(share))
    return Loss(
      value: first.value * (1 - share) + second.value * share,
      gradient: zip(first.gradient, second.gradient).map { $0 * a + $1 * b })
  }
}

extension Loss {
  /// The same loss of a network that has further scores, on which it does not depend.
  public func widened(from classes: Int, to all: Int) -> Loss {
    guard classes > 0, all > classes else { return self }
    var wide: [Float] = []
    wide.reserveCapacity(gradient.count / classes * all)
    for row in stride(from: 0, to: gradient.count, by: classes) {
      wide += gradient[row..<min(row + classes, gradient.count)]
      wide += repeatElement(0, count: all - classes)
    }
    return Loss(value: value, gradient: wide)
  }
}

/// The first `count` of every `all` scores.
public func firstScores(_ scores: [Float], of all: Int, count: Int) -> [Float] {
  guard count < all else { return scores }
  return stride(from: 0, to: scores.count, by: max(1, all)).flatMap {
    scores[$0..<min($0 + count, scores.count)]
  }
}

/// Class probabilities of each row of `scores`, shifted by the row's maximum against overflow.
public func softmax(_ scores: [Float], classes: Int) -> [Float] {
  guard classes > 0 else { return [] }
  var result = scores
  for row in 0..<scores.count / classes {
    let range = row * classes..<(row + 1) * classes
    let peak = scores[range].max() ?? 0
    var total: Float = 0
    for i in range {
      result[i] = exp(scores[i] - peak)
      total += result[i]
    }
    for i in range { result[i] /= total }
  }
  return result
}
