extension Int {
  /// The whole number nearest to a double, or the nearest there is; 0 for what is not a number.
  /// `Int(_:)` ends the process for those.
  public init(clamped value: Double) {
    let whole = value.rounded()
    self = Int(exactly: whole) ?? (whole.isNaN ? 0 : whole < 0 ? .min : .max)
  }
}
