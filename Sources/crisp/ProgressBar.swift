import Foundation

/// One line on standard error that redraws itself on a terminal; silent elsewhere, so that logs and
/// pipes stay clean.
final class ProgressBar {
  let isTerminal = isatty(STDERR_FILENO) == 1
  private let width = 28
  private var lastText = ""

  /// Redraws with the share done (0…1) and what is being done.
  func update(_ fraction: Double, _ text: String) {
    guard isTerminal else { return }
    let filled = Int(max(0, min(1, fraction)) * Double(width))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let percent = String(format: "%3.0f%%", max(0, min(1, fraction)) * 100)
    draw("\(bar) \(percent)  \(text)")
  }

  /// Replaces the bar by a line that stays; without a terminal the line is all there is.
  func note(_ text: String) {
    if isTerminal { draw("") }
    FileHandle.standardError.write(Data("\(isTerminal ? "\r" : "")\(text)\n".utf8))
    lastText = ""
  }

  /// Removes the bar.
  func finish() {
    if isTerminal {
      draw("")
      FileHandle.standardError.write(Data("\r".utf8))
    }
  }

  private func draw(_ text: String) {
    let padding = String(repeating: " ", count: max(0, lastText.count - text.count))
    FileHandle.standardError.write(Data("\r\(text)\(padding)".utf8))
    lastText = text
  }
}
