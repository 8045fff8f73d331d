import Foundation

/// What the system says of this process, under the names that Prometheus's own clients use
/// (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>).
public enum ProcessMetrics {
  /// The families whose values can be had.
  public static var families: [MetricFamily] {
    var families: [MetricFamily] = []
    func add(
      _ name: String, _ help: String, kind: MetricFamily.Kind = .gauge, _ value: Double?
    ) {
      if let value { families.append(.value(name, help, kind: kind, value)) }
    }
    let stat = Stat()
    add(
      "process_cpu_seconds_total", "User and system CPU time spent, in seconds.", kind: .counter,
      cpuSeconds)
    add("process_resident_memory_bytes", "Memory in RAM.", stat?.residentBytes)
    add("process_virtual_memory_bytes", "Size of the address space.", stat?.virtualBytes)
    add("process_start_time_seconds", "Start of the process, Unix time.", stat?.startTime)
    add("process_threads", "Threads of the process.", stat?.threads)
    let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
    add("process_open_fds", "Open file descriptors.", descriptors.map { Double($0.count) })
    add("process_max_fds", "Most file descriptors that may be open.", descriptorLimit)
    return families
  }

  private static var cpuSeconds: Double? {
    var usage = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  private static var descriptorLimit: Double? {
    var limit = rlimit()
    let status = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return status == 0 ? Double(limit.rlim_cur) : nil
  }

  /// `/proc/self/stat`, see proc(5).
  private struct Stat {
    var residentBytes: Double?
    var virtualBytes: Double?
    var startTime: Double?
    var threads: Double?

    init?() {
      guard let text = Self.read("/proc/self/stat"),
        // The program's name, the second field, stands in parentheses and may hold anything.
        let end = text.lastIndex(of: ")")
      else { return nil }
      // From the third field on.
      let fields = text[end...].dropFirst().split(separator: " ").map { Double($0) }
      func field(_ number: Int) -> Double? {
        fields.indices.contains(number - 3) ? fields[number - 3] : nil
      }
      threads = field(20)
      virtualBytes = field(23)
      let pageSize = Double(sysconf(Int32(_SC_PAGESIZE)))
      residentBytes = field(24).map { $0 * pageSize }
      let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
      if let start = field(22), let boot = Self.bootTime, ticks > 0 {
        startTime = boot + start / ticks
      }
    }

    /// Unix time at which the system started, the zero of start times.
    private static var bootTime: Double? {
      read("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
        .flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private static func read(_ path: String) -> String? {
      // Files of /proc have no size to go by.
      FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
  }
}
