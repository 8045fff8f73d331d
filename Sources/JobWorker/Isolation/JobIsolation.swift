import Foundation
import Glibc

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

  /// The program that runs, also after another was put at its path or nothing is there any more (proc(5)).
  private static let running = "/proc/self/exe"
  /// The path at which the program that runs was when this was made.
  private let ownPath: String?

  /// Limits by the job's estimate.
  /// - Parameter program: By default the program that runs.
  public init(program: String? = nil) {
    ownPath = try? FileManager.default.destinationOfSymbolicLink(atPath: Self.running)
    self.program = program ?? ownPath ?? Self.running
  }

  /// What is started: the program at its path, by which people know it; where an upgrade has put another
  /// there, the one that runs, because the two of them need not understand each other.
  var executable: String {
    guard program == ownPath, let own = Self.identity(of: Self.running),
      Self.identity(of: program) != own
    else { return program }
    return Self.running
  }

  /// Which file is at a path.
  private static func identity(of path: String) -> [UInt64]? {
    var there = stat()
    return stat(path, &there) == 0 ? [UInt64(there.st_dev), UInt64(there.st_ino)] : nil
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
