import Foundation

/// How jobs are run in processes of their own, so that what ends one of them takes nothing else with it.
public struct JobIsolation: Sendable {
  /// The program that runs a job when it is started with `arguments` and its worker's identifier: this
  /// one, as a rule.
  public var program: String
  /// Bytes of memory that a job's process may have; nil is three times what the job was estimated at, and
  /// half a gigabyte for the program itself.
  public var memoryBytes: Int?
  /// Seconds that a job's process may take; nil is a minute beyond when the job would end itself.
  public var seconds: Double?

  /// The first arguments of such a process.
  public static let arguments = ["run-job", "--parent"]
  /// Bytes that the program takes before it does anything, with room for what no engine accounts for.
  static let programBytes = 512 << 20

  /// Limits by the job's estimate.
  /// - Parameter program: By default the program that runs.
  public init(program: String = "/proc/self/exe") {
    self.program =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: program)) ?? program
  }

  /// Variables that such a process gets: what the system and the libraries read, but nothing that says
  /// where the database is or who may use it.
  static func environment(_ all: [String: String]) -> [String: String] {
    all.filter { name, _ in
      name == "CRISP_MAX_CPU_ISA"
        || !["CRISP_", "AWS_", "PG", "NOTIFY_", "LISTEN_", "WATCHDOG_", "CREDENTIALS_"].contains {
          name.hasPrefix($0)
          // A proxy's address may have a password in it.
        } && !name.lowercased().hasSuffix("_proxy")
    }
  }
}
