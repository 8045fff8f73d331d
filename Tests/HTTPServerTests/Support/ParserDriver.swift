import HTTPServer

/// Feeds bytes to a parser and writes down what it makes of them, one line an event.
enum ParserDriver {
  static let limits: Limits = {
    var limits = Limits()
    limits.requestLine = 64
    limits.headerBlock = 256
    limits.headerFields = 6
    limits.body = 32
    limits.trailerBlock = 48
    limits.chunkExtensions = 24
    return limits
  }()

  /// The outcomes of bytes that come `step` at a time.
  static func outcomes(
    _ bytes: [UInt8], step: Int, limits: Limits = ParserDriver.limits
  ) -> [String] {
    var pieces: [ArraySlice<UInt8>] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      pieces.append(rest.prefix(step))
      rest = rest.dropFirst(step)
    }
    return outcomes(pieces, limits: limits)
  }

  /// The outcomes of bytes that come in two pieces.
  static func outcomes(_ bytes: [UInt8], splitAt position: Int) -> [String] {
    outcomes([bytes[..<position], bytes[position...]], limits: limits)
  }

  private static func outcomes(_ pieces: [ArraySlice<UInt8>], limits: Limits) -> [String] {
    var outcomes: [String] = []
    let end = ParserRun.over(pieces, limits: limits) { outcome, _ in
      if let line = line(outcome) { outcomes.append(line) }
    }
    switch end {
    case .open: break
    case .incomplete: outcomes.append("incomplete")
    case .failed(let error): return outcomes + ["\(error.status.code) \(error.code)"]
    }
    return outcomes.isEmpty ? ["nothing"] : outcomes
  }

  private static func line(_ outcome: RequestParser.Event) -> String? {
    switch outcome {
    case .incomplete: return nil
    case .head(let head):
      let notes = (head.keepAlive ? "" : " close") + (head.expectsContinue ? " expects" : "")
      let path =
        head.line.target.isAsterisk ? "*" : "/" + head.line.target.path.joined(separator: "/")
      return "\(head.line.method) \(path)\(notes)"
    case .body(let body):
      let text = String(decoding: body, as: UTF8.self)
        .replacing("\r", with: "\\r").replacing("\n", with: "\\n").replacing("\r\n", with: "\\r\\n")
      return body.isEmpty ? nil : "body " + text
    }
  }
}
