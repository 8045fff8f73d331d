import CCores

/// The cores that this process may keep busy.
///
/// Threads that wait for each other at barriers are many times slower on fewer cores than there are
/// threads, so every number of threads that is taken by default or from outside is held to this one.
public enum Cores {
  /// How many: the processors that the process may run on, and no more than its control groups grant
  /// it time for. At least 1. Found once, when first asked for.
  public static let usable = count(
    affinity: Int(crisp_allowed_processors()), groups: ControlGroups(root: ""))

  /// The number of threads to use where `asked` are asked for: at least 1, and never more than
  /// ``usable``.
  public static func threads(_ asked: Int) -> Int { max(1, min(asked, usable)) }

  /// Cores for processors that may be used and time that is granted. Of a share of a core's time there
  /// is no use for another thread: it would be stopped for a part of each period, and all others would
  /// wait for it.
  package static func count(affinity: Int, groups: ControlGroups) -> Int {
    guard let granted = groups.grantedCores, granted < Double(affinity) else {
      return max(1, affinity)
    }
    return max(1, Int(granted))
  }
}
