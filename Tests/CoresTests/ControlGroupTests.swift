import Cores
import Foundation
import Testing

/// Limits as Linux writes them, in folders laid out like its own.
@Suite final class ControlGroupTests {
  private let root = FileManager.default.temporaryDirectory.path + "/crisp-cores-\(UUID())"

  deinit { try? FileManager.default.removeItem(atPath: root) }

  private func write(_ text: String, to path: String) throws {
    let url = URL(fileURLWithPath: root + path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// What `/proc` says of the groups that this process is in, and of what is mounted where.
  private func place(_ groups: String, mounts: [String]) throws {
    try write(groups, to: "/proc/self/cgroup")
    let others = ["22 1 0:20 / /proc rw,nosuid shared:12 - proc proc rw", "a line of another form"]
    try write((others + mounts).joined(separator: "\n") + "\n", to: "/proc/self/mountinfo")
  }

  private var granted: Double? { ControlGroups(root: root).grantedCores }

  private static let version2 =
    "30 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate"
  private static let version1 =
    "33 22 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct"

  @Test func nothingIsNoLimit() throws {
    #expect(granted == nil)
    try place("0::/user.slice\n", mounts: [])
    #expect(granted == nil)
    try place("", mounts: [Self.version2])
    #expect(granted == nil)
  }

  @Test(
    arguments: [
      ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000\n", 1.5),
      ("5000 10000\n", 0.5),
      // Not what the kernel writes.
      ("", nil), ("max", nil), ("200000", nil), ("0 100000", nil), ("100000 0", nil),
      ("-1 100000", nil), ("99999999999999999999 100000", nil), ("nan 1", nil),
    ] as [(String, Double?)])
  func version2(text: String, cores: Double?) throws {
    try place("0::/job.slice/a\n", mounts: [Self.version2])
    try write(text, to: "/sys/fs/cgroup/job.slice/a/cpu.max")
    #expect(granted == cores)
  }

  @Test func groupsAboveBindToo() throws {
    try place("0::/pod/container/worker\n", mounts: [Self.version2])
    try write("800000 100000\n", to: "/sys/fs/cgroup/pod/container/worker/cpu.max")
    #expect(granted == 8)
    try write("300000 100000\n", to: "/sys/fs/cgroup/pod/cpu.max")
    #expect(granted == 3)
    try write("max 100000\n", to: "/sys/fs/cgroup/pod/container/cpu.max")
    #expect(granted == 3)
    // In a container the mount point is the container's own group, and has a limit.
    try write("200000 100000\n", to: "/sys/fs/cgroup/cpu.max")
    #expect(granted == 2)
  }

  @Test func containersThatSeeOnlyTheirOwnPart() throws {
    try place(
      "0::/docker/abc/inner\n",
      mounts: ["30 22 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup ro"])
    try write("400000 100000\n", to: "/sys/fs/cgroup/cpu.max")
    try write("100000 100000\n", to: "/sys/fs/cgroup/inner/cpu.max")
    #expect(granted == 1)
    // A group outside of what is mounted: the mount's limit is all that can be seen.
    try place(
      "0::/../other\n",
      mounts: ["30 22 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup ro"])
    #expect(granted == 4)
  }

  @Test func version1() throws {
    try place(
      "5:memory:/m\n4:cpu,cpuacct:/batch/a:b\n3:cpuset:/c\n0::/\n",
      mounts: [
        "32 22 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset", Self.version1,
        "34 22 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
      ])
    let folder = "/sys/fs/cgroup/cpu,cpuacct"
    try write("100000\n", to: folder + "/batch/a:b/cpu.cfs_period_us")
    try write("-1\n", to: folder + "/batch/a:b/cpu.cfs_quota_us")
    #expect(granted == nil)
    try write("250000\n", to: folder + "/batch/a:b/cpu.cfs_quota_us")
    #expect(granted == 2.5)
    try write("50000\n", to: folder + "/batch/cpu.cfs_period_us")
    try write("50000\n", to: folder + "/batch/cpu.cfs_quota_us")
    #expect(granted == 1)
  }

  @Test func pathsWithBlanks() throws {
    try place("0::/a\n", mounts: [#"30 22 0:26 / /sys/fs/my\040groups rw - cgroup2 none rw"#])
    try write("100000 100000\n", to: "/sys/fs/my groups/a/cpu.max")
    #expect(granted == 1)
  }

  @Test(
    arguments: [
      (8, nil, 8), (8, "400000 100000", 4), (8, "450000 100000", 4), (8, "50000 100000", 1),
      (2, "800000 100000", 2), (1, "max 100000", 1), (4, "9000000000000000000 1", 4),
    ] as [(Int, String?, Int)])
  func coresAreTheLesserOfBoth(affinity: Int, limit: String?, cores: Int) throws {
    try place("0::/\n", mounts: [Self.version2])
    if let limit { try write(limit, to: "/sys/fs/cgroup/cpu.max") }
    #expect(Cores.count(affinity: affinity, groups: ControlGroups(root: root)) == cores)
  }

  @Test func threadsAreHeldToCores() {
    #expect(Cores.usable >= 1)
    #expect(Cores.usable <= ProcessInfo.processInfo.processorCount)
    #expect(Cores.threads(.max) == Cores.usable)
    #expect(Cores.threads(1) == 1 && Cores.threads(0) == 1 && Cores.threads(.min) == 1)
  }
}
