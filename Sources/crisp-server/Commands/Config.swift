import ArgumentParser
import Flags
import Foundation

/// `crisp-server config`
struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check and show what the server would run with, and where each value comes from.",
    discussion: """
      Example: crisp-server config --config crisp-server.conf

      Takes the flags of serve. A flag goes before its variable (CRISP_QUEUE_LIMIT for \
      --queue-limit), that before its line in the file (queue-limit = 500), that before the default. \
      Passwords in addresses are not shown.
      """)

  /// What `--json` prints for each setting.
  private struct Report: Encodable {
    let name: String
    let values: [String]
    let source: String
  }

  @OptionGroup var serve: Serve
  @OptionGroup var output: OutputOptions

  func run() throws {
    let settings = try Settings(
      Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment,
      tree: .program())
    let reports = settings.values.map { value in
      Report(
        name: value.setting.name, values: value.values.map(Self.withoutPassword),
        source: Self.text(of: value.source))
    }
    try output.print(reports) {
      let lines = reports.map { report in
        let name = report.name.padding(toLength: 28, withPad: " ", startingAt: 0)
        let value = report.values.isEmpty ? "-" : report.values.joined(separator: ", ")
        return "\(name) \(value)  (\(report.source))"
      }
      let unread = settings.unread.map { variable in
        "nothing reads \(variable.name)"
          + (variable.suggestions.isEmpty
            ? "" : "; did you mean \(variable.suggestions.joined(separator: " or "))?")
      }
      return (lines + unread).joined(separator: "\n")
    }
  }

  private static func text(of source: Settings.Source) -> String {
    switch source {
    case .flag: "flag"
    case .set(let place): "\(place)"
    case .fallback: "default"
    }
  }

  /// An address without its password: `scheme://user:PASSWORD@host`, `?password=…`, and libpq's
  /// `password=…` among words; `sslpassword` likewise.
  private static func withoutPassword(_ text: String) -> String {
    text.replacing(#/(?<start>://[^:@/?#\s]*):[^\s]*@/#) { "\($0.start):***@" }
      .replacing(#/(?<name>\b(?:ssl)?password\s*=\s*)(?:'(?:[^'\\]|\\.)*'|(?:\\.|[^&\s])*)/#) {
        "\($0.name)***"
      }
  }
}
