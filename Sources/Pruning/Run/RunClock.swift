/// Where the time of a run goes.
///
/// Parts may nest, as the teacher's answers do in training steps; the inner part's time is not the
/// outer's.
final class RunClock {
  /// What a run does.
  enum Part: String, CaseIterable {
    /// Forward and backward passes and updates of the network that is pruned.
    case training
    /// The teacher's answers to training images.
    case teacher
    case saliency
    /// Choosing masks, or taking channels out.
    case masks
    /// Accuracy of dense, masked and packed networks on the validation and test splits.
    case evaluation
    /// Batch-norm statistics after the last update.
    case statistics
    /// Writing, reading back and comparing the packed file.
    case packing
    /// Everything else: slicing, networks, checkpoints, listeners.
    case other
  }

  private var since = ContinuousClock.now
  private var stack: [Part] = []
  private var spent: [Part: Duration] = [:]

  func time<Value, Failure: Error>(
    _ part: Part, _ work: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    turn()
    stack.append(part)
    defer {
      turn()
      stack.removeLast()
    }
    return try work()
  }

  /// Seconds by part, those that took none left out.
  func seconds() -> [String: Double] {
    turn()
    return Dictionary(
      uniqueKeysWithValues: spent.map { ($0.key.rawValue, $0.value / .seconds(1)) })
  }

  private func turn() {
    let now = ContinuousClock.now
    spent[stack.last ?? .other, default: .zero] += now - since
    since = now
  }
}
