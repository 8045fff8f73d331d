import Logging

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

  /// A handler that hands each line, with its line feed, to `write`, which must not wait.
  public init(format: Format, write: @escaping @Sendable (_ line: String) -> Void) {
    self.format = format
    self.write = write
  }

  /// See `metadata`.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// A writer of lines to an open descriptor, for ``init(format:write:)``.
  public static func writer(to descriptor: Int32, format: Format) -> LineWriter {
    LineWriter(descriptor: descriptor) { dropped in
      LogLine(
        level: .warning, message: "\(dropped) log lines were dropped",
        metadata: ["lines": .stringConvertible(dropped)]
      ).now(format)
    }
  }

  /// Writes one line.
  public func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
    if let own = event.metadata { all.merge(own) { $1 } }
    if let error = event.error { all["error"] = "\(error)" }
    write(LogLine(level: event.level, message: "\(event.message)", metadata: all).now(format))
  }
}
