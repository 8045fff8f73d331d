import CCores

/// What Linux's control groups grant this process: version 2's `cpu.max` (kernel documentation,
/// admin-guide/cgroup-v2, "CPU Interface Files") and version 1's `cpu.cfs_quota_us`
/// (scheduler/sched-bwc). A group's limit holds for all groups below it.
package struct ControlGroups {
  /// Put before every path: the file system's root as "", or a folder of tests.
  private let root: String

  /// Reads below `root`, which is "" for the system's own files.
  package init(root: String) { self.root = root }

  /// Cores' worth of time, for example 1.5; nil without a limit, or where there are no such groups.
  package var grantedCores: Double? {
    let mounts = text("/proc/self/mountinfo").split(separator: "\n").compactMap(Mount.init)
    var least: Double?
    for line in text("/proc/self/cgroup").split(separator: "\n") {
      // hierarchy:controllers:path (cgroups(7)); version 2 is hierarchy 0 without controllers.
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let version2 = fields[0] == "0" && fields[1].isEmpty
      guard version2 || fields[1].split(separator: ",").contains("cpu") else { continue }
      guard let mount = mounts.first(where: { version2 ? $0.isVersion2 : $0.isVersion1 }) else {
        continue
      }
      for folder in mount.folders(to: String(fields[2])) {
        guard let found = version2 ? version2Limit(folder) : version1Limit(folder) else { continue }
        least = min(found, least ?? found)
      }
    }
    return least
  }

  /// `200000 100000` are two cores, `max 100000` is no limit.
  private func version2Limit(_ folder: String) -> Double? {
    let fields = text(folder + "/cpu.max").split { $0 == " " || $0 == "\n" }
    guard fields.count == 2 else { return nil }
    return Self.cores(quota: fields[0], period: fields[1])
  }

  private func version1Limit(_ folder: String) -> Double? {
    func number(_ name: String) -> Substring {
      text("\(folder)/\(name)").split(separator: "\n").first ?? ""
    }
    // -1 is no limit.
    return Self.cores(quota: number("cpu.cfs_quota_us"), period: number("cpu.cfs_period_us"))
  }

  /// Both in microseconds. What is no positive number is no limit.
  private static func cores(quota: Substring, period: Substring) -> Double? {
    guard let quota = Int64(quota), let period = Int64(period), quota > 0, period > 0 else {
      return nil
    }
    return Double(quota) / Double(period)
  }

  /// A file's text, or nothing. A machine with many thousands of mounts has a megabyte of them.
  private func text(_ path: String) -> String {
    let capacity = path.hasPrefix("/proc") ? 4 << 20 : 4096
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      let read = buffer.withMemoryRebound(to: CChar.self) {
        crisp_read_file(root + path, $0.baseAddress, $0.count)
      }
      count = max(0, Int(read))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A line of `/proc/self/mountinfo` (proc(5)) that mounts control groups with a bound on processors.
private struct Mount {
  /// What of the hierarchy is mounted: in a container without a name space of its own, its own group.
  let source: String
  let point: String
  let isVersion2: Bool
  let isVersion1: Bool

  /// `31 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw`; nil for other file systems.
  init?(_ line: Substring) {
    let fields = line.split(separator: " ")
    // Optional fields stand before the dash.
    guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else {
      return nil
    }
    isVersion2 = fields[dash + 1] == "cgroup2"
    isVersion1 =
      fields[dash + 1] == "cgroup" && fields[dash + 3].split(separator: ",").contains("cpu")
    guard isVersion1 || isVersion2 else { return nil }
    source = Self.unescaped(fields[3])
    point = Self.unescaped(fields[4])
  }

  /// The folder of a group and of all groups above it that can be seen.
  func folders(to group: String) -> [String] {
    var names = group.split(separator: "/")
    let above = source.split(separator: "/")
    // A group beyond what is mounted cannot be seen; the mount's own limit holds for it all the same.
    if names.starts(with: above) { names.removeFirst(above.count) } else { names = [] }
    if names.contains("..") { names = [] }
    var folders = [point]
    for name in names { folders.append((folders.last ?? point) + "/" + name) }
    return folders
  }

  /// Blanks and backslashes are written as three octal digits.
  private static func unescaped(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3,
        let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        bytes.append(value)
        rest.removeFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
