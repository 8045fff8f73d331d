import Foundation
import HTTPServer

/// Runs the request parser over a connection's bytes.
enum RequestStream {
  private static let limits: Limits = {
    var limits = Limits()
    // Short, so that inputs of a few kilobytes reach them.
    limits.requestLine = 256
    limits.headerBlock = 1024
    limits.headerFields = 16
    limits.body = 1024
    limits.trailerBlock = 128
    limits.chunkExtensions = 128
    return limits
  }()

  /// What is wrong with how the parser took the bytes; nil if it kept its promises.
  static func fault(of bytes: Data) -> String? {
    let bytes = [UInt8](bytes)[...]
    let whole = outcomes(pieces: [bytes])
    // Pieces of 1 to 7 bytes, and of up to 64, that depend on nothing but the input.
    for longest in [7, 64] {
      var state = UInt32(truncatingIfNeeded: bytes.count)
      var pieces: [ArraySlice<UInt8>] = []
      var rest = bytes
      while !rest.isEmpty {
        state = state &* 1_664_525 &+ 1_013_904_223
        let count = 1 + Int(state >> 16) % longest
        pieces.append(rest.prefix(count))
        rest = rest.dropFirst(count)
      }
      if outcomes(pieces: pieces) != whole { return "another outcome in pieces up to \(longest)" }
    }
    return whole.first { $0.hasPrefix("fault: ") }
  }

  private static func outcomes(pieces: [ArraySlice<UInt8>]) -> [String] {
    var outcomes: [String] = []
    let end = ParserRun.over(pieces, limits: limits) { outcome, parser in
      if let line = line(outcome, parser) { outcomes.append(line) }
    }
    switch end {
    case .open: return outcomes + ["open"]
    case .incomplete: return outcomes + ["incomplete"]
    case .failed(let error): return outcomes + [error.code]
    }
  }

  private static func line(_ outcome: RequestParser.Event, _ parser: RequestParser) -> String? {
    switch outcome {
    case .incomplete:
      return parser.bodyCount > limits.body ? "fault: a body beyond its limit" : nil
    case .head(let head):
      guard head.headers.count <= limits.headerFields else { return "fault: too many fields" }
      let texts = [head.line.target.raw] + head.headers.map(\.value) + head.line.target.path
      if texts.contains(where: { $0.utf8.contains(0) }) { return "fault: NUL in a text" }
      return "\(head.line.method) \(head.line.target.raw) \(head.framing) \(head.keepAlive)"
        + " \(head.expectsContinue) \(head.headers.map { "\($0.name):\($0.value)" })"
    case .body(let body):
      return body.count > limits.body ? "fault: a long body" : "\(body)"
    }
  }
}
