/// One class somebody cares about, and how much: in profiles, requests, records and cards alike.
public struct ClassWeight: Sendable, Hashable, Codable {
  /// The label, as the base model spells it.
  public var name: String
  /// Relative to the other classes of the profile; 1 unless said otherwise. Where a job is
  /// recorded, weights are shares that sum to 1.
  public var weight: Double

  /// A class and its weight as given; who takes it validates.
  public init(name: String, weight: Double = 1) {
    self.name = name
    self.weight = weight
  }
}
