import Foundation

/// How the engine's threads wait for each other.
public enum ThreadWaiting {
  /// Starts the program over, once, with OpenMP's threads told to sleep while they wait.
  ///
  /// libgomp's threads spin at barriers by default. On a machine that serves requests, or trains
  /// more than one network, a spinning thread takes the core from the one it waits for: measured,
  /// a personalisation beside another busy process took three times as long. libgomp reads its
  /// settings when it is loaded (GCC manual, "OpenMP Environment Variables"), before any line of a
  /// program runs, hence the new start; process id, arguments and descriptors stay. A policy that
  /// the user has set stands.
  public static func preferSleeping() {
    guard getenv("OMP_WAIT_POLICY") == nil, getenv("GOMP_SPINCOUNT") == nil else { return }
    setenv("OMP_WAIT_POLICY", "passive", 1)
    // Returns only on failure, and then the program merely runs slower.
    execv("/proc/self/exe", CommandLine.unsafeArgv)
  }
}
