import Foundation

/// How the engine's threads wait for each other.
public enum ThreadWaiting {
  /// Looks at the lock this often, about 60 µs, before a thread sleeps: longer than the gap between
  /// two of a small network's steps. Measured on ResNet-20 with two threads: threads that sleep at
  /// once train 30 % slower than threads that spin for ever, these within 5 %.
  private static let looks = "5000"

  /// Starts the program over, once, with OpenMP's threads told to sleep when they wait long.
  ///
  /// libgomp's threads spin at barriers by default. On a machine that serves requests, or trains
  /// more than one network, a spinning thread takes the core from the one it waits for: measured,
  /// a personalisation beside another busy process took three times as long. libgomp reads its
  /// settings when it is loaded (GCC manual, "OpenMP Environment Variables"), before any line of a
  /// program runs, hence the new start; process id, arguments and descriptors stay. A policy that
  /// the user has set stands.
  public static func preferSleeping() {
    guard getenv("OMP_WAIT_POLICY") == nil, getenv("GOMP_SPINCOUNT") == nil else { return }
    setenv("GOMP_SPINCOUNT", looks, 1)
    // Returns only on failure, and then the program merely runs slower.
    execv("/proc/self/exe", CommandLine.unsafeArgv)
  }
}
