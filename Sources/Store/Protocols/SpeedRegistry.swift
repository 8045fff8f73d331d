/// How fast jobs of a base model went on a machine.
public struct SpeedRecord: Equatable, Sendable {
  /// Units of work a second, above 0; what a unit is, the caller knows.
  public var unitsPerSecond: Double
  /// Finished jobs that it is a mean of; 0 for a measurement before any.
  public var jobs: Int

  /// A speed; the store validates it when it is kept.
  public init(unitsPerSecond: Double, jobs: Int) {
    self.unitsPerSecond = unitsPerSecond
    self.jobs = jobs
  }
}

/// Where speeds are kept, so that estimates need no measurement of their own.
public protocol SpeedRegistry: Sendable {
  /// The speed of a base model's jobs on a machine; `nil` when it is not known.
  func speed(ofBaseModel name: String, machine: String) throws -> SpeedRecord?

  /// The names of base models whose speed on a machine is not known, in order.
  func baseModels(withoutSpeedOn machine: String) throws -> [String]

  /// Keeps a speed in place of the one before.
  /// - Throws: ``StoreError/notFound(_:_:)`` for the base model,
  ///   ``StoreError/invalidValue(field:reason:)`` unless it is positive and finite.
  func setSpeed(_ speed: SpeedRecord, ofBaseModel name: String, machine: String) throws
}
