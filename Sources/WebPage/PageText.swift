import Foundation

/// Numbers and times as the page writes them, whatever they are: rows of earlier versions hold any.
enum PageText {
  /// Seconds around 1970 that a date is written for: to the year 9999.
  private static let dates = -62_135_596_800...253_402_300_799

  static func percent(_ share: Double) -> String { String(format: "%.1f\u{A0}%%", share * 100) }

  static func bytes(_ count: Double) -> String {
    switch count {
    case ..<1000: String(format: "%.0f\u{A0}B", count)
    case ..<1_000_000: String(format: "%.0f\u{A0}KB", count / 1e3)
    default: "\(number(count / 1e6, "%.1f"))\u{A0}MB"
    }
  }

  static func count(_ count: Double) -> String { number(count, "%.0f") }

  /// In full up to a million million; longer ones nobody reads.
  private static func number(_ value: Double, _ format: String) -> String {
    String(format: value.magnitude < 1e12 ? format : "%.3g", value)
  }

  static func milliseconds(_ time: Double) -> String {
    "\(number(time, time < 1 ? "%.3f" : "%.2f"))\u{A0}ms"
  }

  static func microjoules(_ energy: Double) -> String {
    "\(number(energy, energy < 10 ? "%.2f" : "%.0f"))\u{A0}µJ"
  }

  /// The script turns it into the reader's time.
  static func time(_ seconds: Int) -> HTML {
    let seconds = min(max(seconds, dates.lowerBound), dates.upperBound)
    let date = Date(timeIntervalSince1970: Double(seconds))
    let style = Date.ISO8601FormatStyle(timeZone: .gmt)
    let machine = date.formatted(style)
    let people = date.formatted(
      style.year().month().day().dateSeparator(.dash)
        .time(includingFractionalSeconds: false).timeSeparator(.colon).dateTimeSeparator(.space))
    return "<time datetime=\"\(machine)\">\(people) UTC</time>"
  }
}
