import Foundation
import Logging
import PersonalizationService
import ServiceAPI
import Testing

@Suite struct LineLogHandlerTests {
  /// Texts that would end a line, forge one, or play with a terminal.
  static let hostile = [
    "a\nb", "a\r\nb", "\u{1B}[31mred", "\u{0}", "\u{7F}\u{85}", "\"},{\"", "\\", "\\\"", "a=b c",
    "", " ", "\u{2028}\u{2029}", "\u{202E}evil", "café 🩴", "\u{E0001}", "\t",
  ]

  @Test(arguments: hostile)
  func everyJSONLineParses(text: String) throws {
    let log = LogCollector()
    var logger = log.logger(.json)
    logger[metadataKey: "base"] = "\(text)"
    logger.warning(
      "\(text)",
      metadata: [
        "\(text)x": "\(text)", "list": ["\(text)", ["k\(text)": "v\(text)"]],
        "number": .stringConvertible(12), "share": .stringConvertible(0.5),
        "flag": .stringConvertible(true), "odd": .stringConvertible(Double.nan),
      ])
    let line = try #require(log.lines.first)
    #expect(log.lines.count == 1)
    #expect(line.unicodeScalars.filter { $0 == "\n" }.count == 1)
    #expect(line.hasSuffix("}\n"))
    let object = try #require(try log.objects().first)
    #expect(object["message"]?.text.map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
    #expect(object["level"] == "warning")
    #expect(object["base"] == .string(text))
    #expect(object["\(text)x"] == .string(text))
    #expect(object["list"] == [.string(text), .object(["k\(text)": .string("v\(text)")])])
    #expect(object["number"] == 12)
    #expect(object["share"] == 0.5)
    #expect(object["flag"] == true)
    #expect(object["odd"] == "nan")
    let time = try #require(object["time"]?.text)
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    #expect(abs(try style.parse(time).timeIntervalSinceNow) < 3600)
    #expect(time.utf8.count == "2026-01-02T03:04:05.678Z".utf8.count)
  }

  @Test(arguments: hostile)
  func noTextMakesASecondLine(text: String) throws {
    let log = LogCollector()
    log.logger(.text).info("said \(text)", metadata: ["name": "\(text)", "k\(text)": "v"])
    let line = try #require(log.lines.first)
    #expect(log.lines.count == 1)
    for (index, scalar) in line.unicodeScalars.enumerated() {
      let isEnd = index == line.unicodeScalars.count - 1
      switch scalar.properties.generalCategory {
      case .control: #expect(isEnd && scalar == "\n")
      case .format, .lineSeparator, .paragraphSeparator: Issue.record("\(scalar.value)")
      default: break
      }
    }
  }

  @Test func textLinesAreForPeople() throws {
    let log = LogCollector()
    var logger = log.logger(.text)
    logger[metadataKey: "job_id"] = "job_1"
    logger.info("job started", metadata: ["attempt": .stringConvertible(2), "why": "a \"b\""])
    let line = try #require(log.lines.first)
    #expect(
      line.hasSuffix("Z info job started attempt=2 job_id=job_1 why=\"a \\\"b\\\"\"\n"), "\(line)")
  }

  @Test func metadataCannotPoseAsTheLineItself() throws {
    let log = LogCollector()
    log.logger(.json).info(
      "true", metadata: ["message": "false", "level": "false", "level_": "x", "time": "false"])
    let object = try #require(try log.objects().first)
    #expect(object["message"] == "true")
    #expect(object["level"] == "info")
    #expect(object["message_"] == "false")
    #expect(object["level_"] == "x")
    #expect(object["level__"] == "false")
  }

  @Test func levelsAreKept() {
    let log = LogCollector()
    let logger = log.logger(.text, level: .warning)
    logger.info("no")
    logger.warning("yes")
    #expect(log.lines.count == 1)
  }
}
