import Foundation

/// Commands in front of a program that then runs on fewer cores than this process does.
public enum FewerCores {
  /// On one processor: `taskset` (util-linux).
  public static let pinned: [String] = {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let first = line?.split(separator: "\t").last?.prefix { $0.isNumber }
    return ["/usr/bin/taskset", "-c", first.map(String.init) ?? "0"]
  }()

  /// Whether there is `taskset`.
  public static let canPin = FileManager.default.isExecutableFile(atPath: pinned[0])
}

/// A control group that grants its processes a bounded share of the processors, as container engines
/// make them. Removed at the end.
public final class ProcessorGroup {
  private struct Failure: Error {}

  private let folder: String

  /// A group of at most so much time: `cores` may be 0.5.
  /// - Throws: Where the system lets this process make no such group.
  public init(cores: Double) throws {
    let name = "crisp-test-\(UUID().uuidString.prefix(8))"
    let quota = Int(cores * 100_000)
    // Of both versions, where they are usually mounted.
    for (mount, file, text) in [
      ("/sys/fs/cgroup", "cpu.max", "\(quota) 100000"),
      ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "\(quota)"),
      ("/sys/fs/cgroup/cpu,cpuacct", "cpu.cfs_quota_us", "\(quota)"),
    ] {
      let folder = "\(mount)/\(name)"
      guard FileManager.default.fileExists(atPath: mount + "/cgroup.procs"),
        mkdir(folder, 0o755) == 0
      else { continue }
      if FileManager.default.fileExists(atPath: "\(folder)/\(file)"),
        (try? Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(file)"))) != nil,
        Self.isEntered(folder)
      {
        self.folder = folder
        return
      }
      rmdir(folder)
    }
    throw Failure()
  }

  deinit { rmdir(folder) }

  /// Goes in front of a program.
  public var wrapper: [String] { Self.wrapper(folder) }

  private static func wrapper(_ folder: String) -> [String] {
    ["/bin/sh", "-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"", folder]
  }

  private static func isEntered(_ folder: String) -> Bool {
    let process = Process()
    let command = wrapper(folder) + ["/bin/true"]
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  /// Whether such a group can be made here.
  public static let canBeMade = (try? ProcessorGroup(cores: 1)) != nil
}
