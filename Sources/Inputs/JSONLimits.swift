/// What a JSON text may have.
public struct JSONLimits: Sendable {
  /// Arrays and objects in one another.
  public var depth: Int
  /// Values in all.
  public var values = Int.max
  /// Bytes of a member's name. Texts are compared by what they mean (Unicode, canonical
  /// equivalence), which for a row of combining marks costs the square of its length: 250 KB of them
  /// took 16 s.
  public var name = 256
  /// Bytes of a string.
  public var string = Int.max
  /// Combining marks in a row, in strings and in names.
  public var marks = Int.max

  /// Limits of a text that is read here; the rest is set one by one.
  public init(depth: Int) { self.depth = depth }

  /// Of what strangers ask.
  public static let request: JSONLimits = {
    var limits = JSONLimits(depth: 16)
    limits.values = 32_768
    limits.string = 4096
    limits.marks = String.mostCombiningMarks
    return limits
  }()

  /// Of what an earlier version took and kept.
  public static let stored: JSONLimits = {
    var limits = JSONLimits(depth: 512)
    limits.name = .max
    return limits
  }()
}
