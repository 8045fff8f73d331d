import Foundation
import HTTPServer

/// Parses connections for `check_http.py`: standard input holds connections, each as a length of
/// four bytes, most significant first, and the bytes; every line of output is what one became.
@main
enum ParserDriver {
  /// One connection as requests, and how it ended.
  private struct Report: Encodable {
    struct Message: Encodable {
      let method: String
      let target: String
      var body: String?
    }

    var messages: [Message] = []
    /// "open", "incomplete", "closed" by the client's wish, or the error's code.
    var end = "open"
  }

  static func main() throws {
    let input = FileHandle.standardInput
    let encoder = JSONEncoder()
    while let prefix = try input.read(upToCount: 4), prefix.count == 4 {
      let length = prefix.reduce(0) { $0 << 8 | Int($1) }
      let bytes = length == 0 ? Data() : try input.read(upToCount: length) ?? Data()
      let line = try encoder.encode(report(Array(bytes))) + Data("\n".utf8)
      FileHandle.standardOutput.write(line)
    }
  }

  private static func report(_ bytes: [UInt8]) -> Report {
    var parser = RequestParser(limits: Limits())
    bytes.withUnsafeBytes { parser.append($0) }
    var report = Report()
    do throws(FramingError) {
      var closes = false
      while true {
        switch try parser.next() {
        case .incomplete:
          report.end = parser.isInsideRequest ? "incomplete" : "open"
          return report
        case .head(let head):
          try parser.acceptBody(limit: 1 << 20)
          closes = !head.keepAlive
          report.messages.append(
            .init(method: head.line.method.rawValue, target: head.line.target.raw))
        case .body(let body):
          report.messages[report.messages.count - 1].body = Data(body).base64EncodedString()
          guard !closes else {
            report.end = "closed"
            return report
          }
        }
      }
    } catch {
      report.end = error.code
      return report
    }
  }
}
