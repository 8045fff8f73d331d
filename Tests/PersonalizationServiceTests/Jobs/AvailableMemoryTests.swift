import Foundation
import PersonalizationService
import TestSupport
import Testing

@Suite struct AvailableMemoryTests {
  private func bytes(_ files: [String: String]) throws -> Int {
    let folder = try TemporaryFolder()
    for (path, text) in files {
      let file = URL(fileURLWithPath: folder.file(path))
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return AvailableMemory.bytes(root: folder.path)
  }

  private static let machine = ["proc/meminfo": "MemTotal: 16 kB\nMemAvailable:    8000 kB\n"]

  @Test func theLeastOfMachineAndGroupCounts() throws {
    #expect(try bytes(Self.machine) == 8_192_000)
    func group(_ files: [String: String]) throws -> Int {
      try bytes(Self.machine.merging(files) { $1 })
    }
    let v2 = ["sys/fs/cgroup/memory.max": "5000\n", "sys/fs/cgroup/memory.current": "2000\n"]
    #expect(try group(v2) == 3000)
    #expect(try group(v2.merging(["sys/fs/cgroup/memory.max": "max\n"]) { $1 }) == 8_192_000)
    #expect(try group(v2.merging(["sys/fs/cgroup/memory.max": "1000\n"]) { $1 }) == 0)
    let v1 = "sys/fs/cgroup/memory/memory."
    #expect(try group(["\(v1)limit_in_bytes": "700", "\(v1)usage_in_bytes": "200"]) == 500)
    #expect(
      try group(["\(v1)limit_in_bytes": "\(Int.max)", "\(v1)usage_in_bytes": "200"]) == 8_192_000)
  }

  @Test func whatCannotBeReadIsAssumed() throws {
    #expect(try bytes([:]) == 4 << 30)
    #expect(try bytes(["proc/meminfo": "MemAvailable: \(Int.max) kB"]) == 4 << 30)
    #expect(AvailableMemory.bytes() > 1 << 20)
  }
}
