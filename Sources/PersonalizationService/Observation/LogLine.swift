import Glibc
import Logging

/// One entry of the log as one line, whatever texts it holds.
struct LogLine {
  let level: Logger.Level
  let message: String
  let metadata: Logger.Metadata

  /// Members that every JSON line has.
  private static let reserved: Set = ["time", "level", "message"]

  /// Metadata in a stable order, none of it under the name of a member that every line has.
  private var fields: [(name: String, value: Logger.MetadataValue)] {
    metadata.sorted { $0.key < $1.key }.map { key, value in
      var name = key
      while Self.reserved.contains(name) || (name != key && metadata[name] != nil) { name += "_" }
      return (name, value)
    }
  }

  /// The line for the present time.
  func now(_ format: LineLogHandler.Format) -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return switch format {
    case .text: text(time: time)
    case .json: json(time: time)
    }
  }

  /// `TIME LEVEL MESSAGE NAME=VALUE …`; values that are no single word are quoted as in JSON.
  func text(time: timespec) -> String {
    var line = "\(Self.timestamp(time)) \(level.rawValue) \(Self.escaped(message))"
    for (name, value) in fields {
      line += " \(Self.escaped(name))="
      switch value {
      case .string(let text): line += Self.word(text)
      case .stringConvertible(let other): line += Self.word("\(other)")
      case .array, .dictionary: line += Self.word(Self.json(value))
      }
    }
    return line + "\n"
  }

  /// An object.
  func json(time: timespec) -> String {
    var line = "{\"time\":\"\(Self.timestamp(time))\",\"level\":\"\(level.rawValue)\""
    line += ",\"message\":\(Self.quoted(message))"
    for (name, value) in fields { line += ",\(Self.quoted(name)):\(Self.json(value))" }
    return line + "}\n"
  }

  private static func json(_ value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): return quoted(text)
    case .stringConvertible(let number as any FixedWidthInteger & Sendable): return "\(number)"
    case .stringConvertible(let number as Double) where number.isFinite: return "\(number)"
    case .stringConvertible(let flag as Bool): return "\(flag)"
    case .stringConvertible(let other): return quoted("\(other)")
    case .array(let elements): return "[\(elements.map(json).joined(separator: ","))]"
    case .dictionary(let members):
      let members = members.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(json($0.value))" }
      return "{\(members.joined(separator: ","))}"
    }
  }

  private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

  private static func word(_ text: String) -> String {
    let isWord =
      !text.isEmpty
      && text.utf8.allSatisfy { byte in
        (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
          && byte != UInt8(ascii: "=")
      }
    return isWord ? text : quoted(text)
  }

  /// As JSON escapes (RFC 8259, 7). Beyond what it demands, every control, separator and formatting
  /// character is escaped: a name must neither end its line nor move a terminal's cursor, and marks
  /// that turn the direction of text would show a line other than it is.
  private static func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          let padding = String(repeating: "0", count: 4 - digits.utf8.count)
          result.append(contentsOf: "\\u\(padding)\(digits)".unicodeScalars)
        }
      default:
        if scalar == "\"" || scalar == "\\" { result.append("\\") }
        result.append(scalar)
      }
    }
    return String(result)
  }

  /// RFC 3339 in UTC with milliseconds.
  private static func timestamp(_ time: timespec) -> String {
    var seconds = time.tv_sec
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    let date =
      "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1, 2))"
      + "-\(padded(Int(parts.tm_mday), 2))"
    let clock =
      "\(padded(Int(parts.tm_hour), 2)):\(padded(Int(parts.tm_min), 2))"
      + ":\(padded(Int(parts.tm_sec), 2)).\(padded(time.tv_nsec / 1_000_000, 3))"
    return "\(date)T\(clock)Z"
  }
}
