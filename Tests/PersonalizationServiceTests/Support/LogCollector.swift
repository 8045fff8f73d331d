import Foundation
import Logging
import PersonalizationService
import ServiceAPI
import Synchronization

/// Takes the lines of a log.
final class LogCollector: Sendable {
  private let collected = Mutex<[String]>([])

  var lines: [String] { collected.withLock { $0 } }

  /// The lines as JSON; what is no line of JSON fails.
  func objects() throws -> [JSONValue] {
    try lines.map { try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8)) }
  }

  func logger(_ format: LineLogHandler.Format, level: Logger.Level = .info) -> Logger {
    var logger = Logger(label: "test") { [self] _ in
      LineLogHandler(format: format) { line in self.collected.withLock { $0.append(line) } }
    }
    logger.logLevel = level
    return logger
  }
}
