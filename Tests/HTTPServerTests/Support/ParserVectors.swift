import Foundation
import Testing

/// Bytes of a connection and what the parser must make of them.
struct ParserVector: Sendable {
  /// The line that says so.
  let line: String
  let bytes: [UInt8]
  let outcomes: [String]

  /// Whether the parser refuses any of the bytes.
  var isRefused: Bool { outcomes.contains { $0.first?.isNumber == true } }
}

/// Vectors about one rule of one section of an RFC.
struct VectorGroup: Sendable, CustomTestStringConvertible {
  let section: String
  let title: String
  var vectors: [ParserVector] = []

  var testDescription: String { "RFC \(section): \(title)" }
}

/// The vectors in Vectors/*.txt, which the checks in Tests/Peers and the fuzzer read as well; the
/// format is explained in Vectors/table.md.
enum ParserVectors {
  static let groups: [VectorGroup] = {
    guard let folder = Bundle.module.url(forResource: "Vectors", withExtension: nil) else {
      return []
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".txt") }.sorted().flatMap { name in
      let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
      var reader = VectorReader()
      for line in (text ?? "").split(separator: "\n") { reader.read(String(line)) }
      return reader.groups
    }
  }()

  static var all: [ParserVector] { groups.flatMap(\.vectors) }
}

/// Reads the lines of one file.
private struct VectorReader {
  private static let host = "Host: a\r\n"
  private static let pieces = [
    "GET": "GET / HTTP/1.1\r\n\(host)", "POST": "POST / HTTP/1.1\r\n\(host)",
    "CHUNKED": "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n",
    "NEXT": "GET /next HTTP/1.1\r\n\(host)\r\n",
  ]

  private(set) var groups: [VectorGroup] = []
  private var template = "_"
  private var outcomes: [String] = []

  mutating func read(_ line: String) {
    if line.hasPrefix("#") { return }
    if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
      let section = String(line[line.index(after: line.startIndex)..<end])
      let title = line[line.index(after: end)...].trimmingCharacters(in: .whitespaces)
      groups.append(VectorGroup(section: section, title: title))
      template = "_"
      outcomes = []
    } else if line.hasPrefix("@ ") {
      template = String(line.dropFirst(2))
    } else if line.hasPrefix("=> ") {
      outcomes = split(line.dropFirst(3))
    } else {
      add(line)
    }
  }

  private mutating func add(_ line: String) {
    let parts = line.ranges(of: " => ").last.map {
      (line[..<$0.lowerBound], line[$0.upperBound...])
    }
    let expected = parts.map { split($0.1) } ?? outcomes
    let bytes = bytes(template[...], placeholder: bytes(parts?.0 ?? line[...], placeholder: []))
    groups[groups.count - 1].vectors.append(
      ParserVector(line: line, bytes: bytes, outcomes: expected))
  }

  private func split(_ text: Substring) -> [String] {
    text.components(separatedBy: " ; ")
  }

  /// Terms with spaces between them: JSON strings whose characters are bytes, maybe repeated by
  /// `*count`; names of pieces; `_` for the placeholder.
  private func bytes(_ text: Substring, placeholder: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text.drop { $0 == " " }
    while let first = rest.first {
      var term: [UInt8]
      if first == "\"" {
        let literal = Self.literal(rest)
        rest = rest.dropFirst(literal.count)
        let decoded = try? JSONDecoder().decode(String.self, from: Data(literal.utf8))
        term = (decoded ?? "").unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        if rest.first == "*" {
          let count = rest.dropFirst().prefix { $0.isNumber }
          rest = rest.dropFirst(1 + count.count)
          term = Array(repeatElement(term, count: Int(count) ?? 0).joined())
        }
      } else {
        let name = rest.prefix { $0 != " " }
        rest = rest.dropFirst(name.count)
        term = name == "_" ? placeholder : Array((Self.pieces[String(name)] ?? "").utf8)
      }
      result += term
      rest = rest.drop { $0 == " " }
    }
    return result
  }

  /// A JSON string up to its closing quote.
  private static func literal(_ text: Substring) -> Substring {
    var isEscaped = false
    for index in text.indices.dropFirst() {
      if isEscaped {
        isEscaped = false
      } else if text[index] == "\\" {
        isEscaped = true
      } else if text[index] == "\"" {
        return text[...index]
      }
    }
    return text
  }
}
