import Foundation

/// Linear warm-up to a peak, then half a cosine down to zero (Loshchilov and Hutter 2017).
public struct LearningRateSchedule: Sendable, Hashable {
  /// The highest rate.
  public let peak: Double
  /// Steps of the linear rise.
  public let warmUpSteps: Int
  /// All steps, the rise included.
  public let totalSteps: Int

  /// A schedule over `totalSteps` updates.
  public init(peak: Double, warmUpSteps: Int, totalSteps: Int) {
    self.peak = peak
    self.warmUpSteps = max(0, min(warmUpSteps, totalSteps))
    self.totalSteps = max(1, totalSteps)
  }

  /// The rate of update `step`, counted from 0.
  public func rate(at step: Int) -> Float {
    if step < warmUpSteps { return Float(peak * Double(step + 1) / Double(warmUpSteps)) }
    let length = Double(max(1, totalSteps - warmUpSteps))
    let position = min(1, Double(step - warmUpSteps) / length)
    return Float(peak * 0.5 * (1 + cos(Double.pi * position)))
  }
}
