import ArgumentParser
import Foundation
import HTTPServer
import Logging
import PersonalizationService

/// How a program that runs on writes its log.
struct LogOptions: ParsableArguments {
  @Option(help: "How log lines look: text, or json for one object a line.")
  var logFormat = LineLogHandler.Format.text

  @Option(help: "Least severe level to log: trace, debug, info, notice, warning, error, critical.")
  var logLevel = Logger.Level.notice

  /// Starts logging to standard error. Whatever reads it, or bounds its file, ends no program.
  func start() -> (logger: Logger, writer: LineWriter) {
    LineWriter.ignoreBrokenPipes()
    // Then writing beyond a limit for files' sizes (setrlimit(2)) fails, like writing to a full disk.
    signal(SIGXFSZ, SIG_IGN)
    let writer = LineLogHandler.writer(to: STDERR_FILENO, format: logFormat)
    LoggingSystem.bootstrap { [logFormat] _ in
      LineLogHandler(format: logFormat, write: writer.write)
    }
    var logger = Logger(label: "crisp-server")
    logger.logLevel = logLevel
    return (logger, writer)
  }
}

extension BoundAddress {
  /// Where a browser finds it.
  func url(isTLS: Bool) -> String {
    "\(isTLS ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LineLogHandler.Format: ExpressibleByArgument {}
