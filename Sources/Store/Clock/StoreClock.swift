import Foundation

/// The time of day, which people and time servers set, beside a time that only ever runs. Dates are
/// kept in the first; how long a worker has been silent is told by the second.
public struct StoreClock: Sendable {
  /// Tells one start of the machine from another: steady times of different ones do not compare.
  package let boot: String
  /// The time of day.
  package let date: @Sendable () -> Date
  /// Milliseconds since some moment of this start of the machine, the same for all its processes.
  package let steady: @Sendable () -> Int64

  /// A clock of that start of the machine.
  public init(
    boot: String, date: @escaping @Sendable () -> Date, steady: @escaping @Sendable () -> Int64
  ) {
    self.boot = boot
    self.date = date
    self.steady = steady
  }

  /// The machine's clock. CLOCK_MONOTONIC (clock_gettime(2)) stands still while the machine sleeps, as
  /// workers do.
  public static let system = StoreClock(boot: currentBoot, date: { Date() }) {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// The kernel's name for this start (random(4)). Where it has none, this process's own, so that others'
  /// leases go by the time of day.
  private static let currentBoot: String = {
    let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    let name = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    return name.isEmpty || name.utf8.count > 64 ? UUID().uuidString : name
  }()
}
