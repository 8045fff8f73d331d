import Glibc
import Logging
import Synchronization

/// Writes each entry of the log as one line: for people, or JSON for programs.
public struct LineLogHandler: LogHandler {
  /// How lines look.
  public enum Format: String, Sendable, CaseIterable {
    /// `TIME LEVEL MESSAGE NAME=VALUE …`
    case text
    /// One JSON object a line: `time`, `level`, `message` and the metadata beside them.
    case json
  }

  /// The least severe level that is written.
  public var logLevel = Logger.Level.info
  /// What every line carries.
  public var metadata: Logger.Metadata = [:]
  /// Tells what the circumstances add.
  public var metadataProvider: Logger.MetadataProvider?

  private let format: Format
  private let write: @Sendable (String) -> Void

  /// A handler that hands each line, with its line feed, to `write`.
  public init(
    format: Format, write: @escaping @Sendable (_ line: String) -> Void = Self.standardError
  ) {
    self.format = format
    self.write = write
  }

  /// See `metadata`.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes one line.
  public func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
    if let own = event.metadata { all.merge(own) { $1 } }
    if let error = event.error { all["error"] = "\(error)" }
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let line = LogLine(level: event.level, message: "\(event.message)", metadata: all)
    switch format {
    case .text: write(line.text(time: time))
    case .json: write(line.json(time: time))
    }
  }

  /// Writes a line to standard error, undivided. What cannot be written is lost: a log that fails
  /// must not stop the server.
  public static let standardError: @Sendable (String) -> Void = { line in
    var line = line
    turn.withLock { _ in
      line.withUTF8 { bytes in
        var sent = 0
        while sent < bytes.count {
          let count = Glibc.write(
            STDERR_FILENO, bytes.baseAddress?.advanced(by: sent), bytes.count - sent)
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { return }
          sent += count
        }
      }
    }
  }

  private static let turn = Mutex(())
}
