import Foundation

/// Numbers and times as the page writes them.
enum PageText {
  static func percent(_ share: Double) -> String { String(format: "%.1f\u{A0}%%", share * 100) }

  static func bytes(_ count: Int) -> String {
    switch count {
    case ..<1000: "\(count)\u{A0}B"
    case ..<1_000_000: String(format: "%.0f\u{A0}KB", Double(count) / 1e3)
    default: String(format: "%.1f\u{A0}MB", Double(count) / 1e6)
    }
  }

  static func milliseconds(_ time: Double) -> String {
    String(format: time < 1 ? "%.3f\u{A0}ms" : "%.2f\u{A0}ms", time)
  }

  /// The script turns it into the reader's time.
  static func time(_ date: Date) -> HTML {
    let style = Date.ISO8601FormatStyle(timeZone: .gmt)
    let machine = date.formatted(style)
    let people = date.formatted(
      style.year().month().day().dateSeparator(.dash)
        .time(includingFractionalSeconds: false).timeSeparator(.colon).dateTimeSeparator(.space))
    return "<time datetime=\"\(machine)\">\(people) UTC</time>"
  }
}
