import CSystem
import Foundation
import Glibc

/// The process of one job, as its worker sees it. It inherits nothing but one end of a channel and standard
/// error, and dies with the thread that started it.
final class JobProcess {
  let identifier: pid_t
  let channel: RunChannel
  /// How it ended, once that is known.
  private var end: (how: String?, peakBytes: Int)?

  /// - Throws: ``JobError/processUnavailable(reason:)`` when there can be none: nothing has died.
  init(_ isolation: JobIsolation) throws {
    var ends: [Int32] = [-1, -1]
    guard
      socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
    else { throw JobError.processUnavailable(reason: "no socket for it: \(Self.text(errno))") }
    channel = RunChannel(ends[0])
    defer { close(ends[1]) }
    let words = [isolation.program] + JobIsolation.arguments + ["\(getpid())"]
    let variables = JobIsolation.environment(ProcessInfo.processInfo.environment)
      .map { "\($0.key)=\($0.value)" }
    let arguments = words.map { strdup($0) } + [nil]
    let environment = variables.map { strdup($0) } + [nil]
    defer { for text in arguments + environment { free(text) } }
    // Ignored, as some supervisors leave it, nobody could be waited for.
    signal(SIGCHLD, SIG_DFL)
    let child = crisp_spawn(isolation.executable, arguments, environment, ends[1])
    // Before there is anything to be ended: below 0, a number names a group of processes.
    guard child > 0 else {
      throw JobError.processUnavailable(
        reason: "it cannot be started from \(isolation.program): \(Self.text(-child))")
    }
    identifier = child
  }

  deinit {
    kill()
    _ = wait()
  }

  /// Bytes of memory that it has now; 0 when it has gone.
  var residentBytes: Int {
    guard end == nil,
      let text = try? String(contentsOfFile: "/proc/\(identifier)/statm", encoding: .utf8)
    else { return 0 }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages.multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE))).partialValue
  }

  func kill() {
    // Nobody else has the number before it is waited for.
    if end == nil { _ = Glibc.kill(identifier, SIGKILL) }
  }

  /// Waits for its end, which must have been brought about.
  /// - Returns: How it ended, nil when as it should; and the most memory it had.
  func wait() -> (how: String?, peakBytes: Int) {
    if let end { return end }
    var status: Int32 = 0
    var usage = rusage()
    var result: pid_t
    repeat { result = wait4(identifier, &status, 0, &usage) } while result < 0 && errno == EINTR
    let signal = status & 0x7f
    let code = (status >> 8) & 0xff
    let how: String? =
      signal != 0
      ? "signal \(signal) (\(String(cString: strsignal(signal))))"
      : code == 0 ? nil : "exit status \(code)"
    let found = (how, Int(usage.ru_maxrss) << 10)
    end = found
    return found
  }

  private static func text(_ error: Int32) -> String { String(cString: strerror(error)) }
}
