import Dispatch
import Foundation
import Glibc
import Synchronization

/// Writes lines to a descriptor from a thread of its own, so that whoever has something to say never
/// waits for whoever reads.
///
/// A pipe's reader may stop reading, and then a write takes as long as it likes; a terminal that was
/// stopped with Ctrl-S does the same. Only this object's thread waits for that. What comes meanwhile
/// is kept up to a bound, and beyond it, as after a reader that went away or on a full disk, lines
/// are dropped and counted.
///
/// The process must ignore SIGPIPE (``ignoreBrokenPipes()``): whether a descriptor is a pipe is for
/// whoever starts the program to say. The descriptor's flags are left alone: a terminal shares them
/// with the shell and every other program on it.
public final class LineWriter: Sendable {
  /// Bytes of lines that wait for the reader unless a writer is told otherwise: some thousand lines.
  public static let defaultCapacity = 1 << 20

  fileprivate struct State {
    var lines: [String] = []
    var bytes = 0
    /// Lines dropped since the process started, and those of them that no line has told of.
    var dropped = 0
    var untold = 0
    /// Whether the thread has lines in hand.
    var isWriting = false
    /// Whoever waits for the last line.
    var waiting: [DispatchSemaphore] = []
  }

  private let descriptor: Int32
  private let capacity: Int
  private let notice: @Sendable (Int) -> String
  private let state = Mutex(State())
  private let work = DispatchSemaphore(value: 0)

  /// A writer to an open descriptor, which must stay open.
  /// - Parameters:
  ///   - capacity: bytes of lines that may wait; a line that does not fit is dropped.
  ///   - notice: the line, with its line feed, that tells how many were dropped, once it can be
  ///     written again.
  public init(
    descriptor: Int32, capacity: Int = LineWriter.defaultCapacity,
    notice: @escaping @Sendable (_ dropped: Int) -> String
  ) {
    self.descriptor = descriptor
    self.capacity = capacity
    self.notice = notice
    // Holds the writer for ever: a log has no end but the process's.
    let thread = Thread { [self] in run() }
    thread.name = "log"
    thread.start()
  }

  /// From now on writing to a pipe that nobody reads fails with EPIPE rather than ending the process.
  public static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

  /// Lines that nobody will read, since the process started.
  public var dropped: Int { state.withLock { $0.dropped } }

  /// Takes a line, with its line feed. Never waits for the reader.
  public func write(_ line: String) {
    let size = line.utf8.count
    let isFirst = state.withLock { state in
      guard size <= capacity - state.bytes else {
        state.dropped += 1
        state.untold += 1
        return false
      }
      state.lines.append(line)
      state.bytes += size
      return state.lines.count == 1
    }
    if isFirst { work.signal() }
  }

  /// Waits until all that was said before is written or dropped, for `seconds` at most.
  public func flush(within seconds: Double) {
    let done = DispatchSemaphore(value: 0)
    let isIdle = state.withLock { state in
      guard state.isWriting || !state.lines.isEmpty else { return true }
      state.waiting.append(done)
      return false
    }
    if !isIdle { _ = done.wait(timeout: .now() + seconds) }
  }

  // MARK: The thread

  private func run() {
    // Whether the last line was cut: then the next one begins a new one.
    var isCut = false
    while true {
      work.wait()
      let lines = state.withLock { state in
        state.isWriting = true
        return state.take()
      }
      for line in lines { send(line, isCut: &isCut) }
      tellOfDropped(isCut: &isCut)
      let waiting = state.withLock { state in
        state.isWriting = false
        // More has come: its signal is there too.
        return state.lines.isEmpty ? state.takeWaiting() : []
      }
      for one in waiting { one.signal() }
    }
  }

  private func tellOfDropped(isCut: inout Bool) {
    let count = state.withLock { $0.untold }
    guard count > 0, sendAll(notice(count), isCut: &isCut) else { return }
    state.withLock { $0.untold -= count }
  }

  private func send(_ line: String, isCut: inout Bool) {
    guard !sendAll(line, isCut: &isCut) else { return }
    state.withLock { state in
      state.dropped += 1
      state.untold += 1
    }
  }

  /// Whether all of a line could be written.
  private func sendAll(_ line: String, isCut: inout Bool) -> Bool {
    var text = isCut ? "\n" + line : line
    var sent = 0
    let isWhole = text.withUTF8 { bytes in
      while sent < bytes.count {
        let count = Glibc.write(
          descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent)
        if count > 0 {
          sent += count
        } else if count < 0, errno == EAGAIN {
          // Another program made the descriptor one that does not wait.
          var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&entry, 1, -1)
        } else if count == 0 || errno != EINTR {
          return false
        }
      }
      return true
    }
    if sent > 0 { isCut = !isWhole }
    return isWhole
  }
}

extension LineWriter.State {
  fileprivate mutating func take() -> [String] {
    defer {
      lines = []
      bytes = 0
    }
    return lines
  }

  fileprivate mutating func takeWaiting() -> [DispatchSemaphore] {
    defer { waiting = [] }
    return waiting
  }
}
