import CKernels
import Dispatch

#if canImport(FoundationEssentials)
  import FoundationEssentials
  import Glibc
#else
  import Foundation
#endif

/// The processor that this program runs on.
public enum Processor {
  /// What `/proc/cpuinfo` calls it; its kind where that has no name for it, as on ARM.
  public static let name: String = {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":", maxSplits: 1).last?
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    if let name, !name.isEmpty { return name }
    var system = utsname()
    guard uname(&system) == 0 else { return "unknown" }
    return withUnsafeBytes(of: system.machine) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }()

  /// Billions of additions and multiplications a second that one thread reaches in registers, the
  /// best of several measurements; 0 for an instruction set that is not here.
  public static func peakGigaflops(_ instructionSet: InstructionSet = .best) -> Double {
    guard let kernels = instructionSet.kernels else { return 0 }
    let steps = 100_000
    var best = 0.0
    for _ in 0..<10 {
      let start = DispatchTime.now().uptimeNanoseconds
      let operations = kernels.pointee.peak(steps)
      let time = DispatchTime.now().uptimeNanoseconds - start
      best = max(best, Double(operations) / Double(max(1, time)))
    }
    return best
  }
}
