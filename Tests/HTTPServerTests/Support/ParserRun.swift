import HTTPServer

/// A connection's bytes through the request parser: the one loop of its tests and its fuzzer.
enum ParserRun {
  /// How it ended.
  enum End: Equatable {
    /// Between two requests.
    case open
    /// Inside of one.
    case incomplete
    case failed(FramingError)
  }

  /// Appends the pieces one after the other, and takes every outcome as soon as it is there. Bodies may
  /// have `limits.body` bytes.
  static func over(
    _ pieces: [ArraySlice<UInt8>], limits: Limits,
    _ take: (RequestParser.Event, RequestParser) -> Void
  ) -> End {
    var parser = RequestParser(limits: limits)
    do throws(FramingError) {
      for piece in pieces {
        piece.withUnsafeBytes { parser.append($0) }
        var isMore = true
        while isMore {
          let outcome = try parser.next()
          if case .head = outcome { try parser.acceptBody(limit: limits.body) }
          if case .incomplete = outcome { isMore = false }
          take(outcome, parser)
        }
      }
      return parser.isInsideRequest ? .incomplete : .open
    } catch {
      return .failed(error)
    }
  }
}
