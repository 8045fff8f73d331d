import Foundation
import Glibc
import Inputs

/// A file of settings: a line `NAME = VALUE` for each, with the name that the flag has after its two
/// dashes. Space around name and value does not count; the value goes on to the end of its line, and
/// nothing in it is special. Empty lines, and those that begin with `#`, say nothing. A flag that may
/// be repeated may have several lines.
struct SettingsFile {
  /// Bytes of a file at most.
  static let limit = 1 << 20

  struct Entry: Equatable {
    let name: String
    let value: String
    let line: Int
  }

  let path: String
  let entries: [Entry]

  /// Reads a file. Names are not looked at here.
  init(path: String) throws(SettingsError) {
    guard let file = fopen(path, "r") else {
      throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: Self.limit + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    guard ferror(file) == 0 else {
      throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    guard count <= Self.limit else { throw .tooLarge(file: path, limit: Self.limit) }
    guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
      throw .notText(file: path)
    }
    try self.init(text: text, path: path)
  }

  /// Reads the text of a file; `path` is for errors.
  init(text: String, path: String) throws(SettingsError) {
    self.path = path
    var entries: [Entry] = []
    // A carriage return and line feed are one character to Swift, and a newline.
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let line = line.trimmingCharacters(in: .whitespaces)
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      let place = SettingsError.Place.line(index + 1, of: path)
      guard let sign = line.firstIndex(of: "="), sign != line.startIndex else {
        throw .malformed(place, text: line.echoed(80))
      }
      let name = line[..<sign].trimmingCharacters(in: .whitespaces)
      let value = line[line.index(after: sign)...].trimmingCharacters(in: .whitespaces)
      guard !value.isEmpty else { throw .empty(place, name: name.echoed(80)) }
      entries.append(Entry(name: name, value: value, line: index + 1))
    }
    self.entries = entries
  }
}
