import Foundation

/// Memory that this process may still take.
package enum AvailableMemory {
  /// Where nothing tells.
  private static let fallback = 4 << 30

  /// Bytes: what the machine has free, or what the control group leaves, whichever is less. `root` is
  /// where the kernel's files are.
  package static func bytes(root: String = "/") -> Int {
    [machine(root), group(root)].compactMap { $0 }.min() ?? fallback
  }

  /// `MemAvailable` of proc(5), in units of 1024 bytes.
  private static func machine(_ root: String) -> Int? {
    guard let text = try? String(contentsOfFile: "\(root)/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let number = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    let (bytes, overflows) = number.multipliedReportingOverflow(by: 1024)
    return overflows || bytes < 0 ? nil : bytes
  }

  /// The limit of the control group less what it uses, in either version of the kernel's interface
  /// (<https://docs.kernel.org/admin-guide/cgroup-v2.html>): a container sees its own group there.
  private static func group(_ root: String) -> Int? {
    func number(_ path: String) -> Int? {
      (try? String(contentsOfFile: "\(root)/sys/fs/cgroup/\(path)", encoding: .utf8))
        .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
    for (limit, use) in [
      ("memory.max", "memory.current"),
      ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ] {
      guard let limit = number(limit), let use = number(use), limit >= 0, use >= 0 else { continue }
      return max(0, limit - use)
    }
    return nil
  }
}
