/// Where a text stops being JSON, and why.
public struct JSONFault: Error, Equatable, Sendable {
  /// What is wrong there, as the end of a sentence about the text.
  public let reason: String
  /// Bytes before the place.
  public let offset: Int

  /// A fault as given.
  public init(_ reason: String, offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  /// The reason and the place in that text, for people.
  public func text(in bytes: [UInt8]) -> String {
    let place = place(in: bytes)
    return "\(reason) (line \(place.line), byte \(place.column))"
  }

  /// The place in that text, counted from 1: lines, and bytes of the line.
  public func place(in bytes: [UInt8]) -> (line: Int, column: Int) {
    let before = bytes[..<max(0, min(offset, bytes.count))]
    let newline = UInt8(ascii: "\n")
    let start = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
    return (before.count { $0 == newline } + 1, before.count - start + 1)
  }
}
