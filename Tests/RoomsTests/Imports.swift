import Foundation

/// A Swift file of a room and the modules that it imports.
struct SourceFile {
  /// The target.
  let room: String
  /// The path below Sources.
  let path: String
  let imports: Set<String>

  init(room: String, path: String, text: String) {
    self.room = room
    self.path = path
    imports = Self.imports(in: text)
  }

  /// Modules that a file imports, with whatever attributes and access, conditionally or not. Of
  /// `import struct Foundation.Data` that is Foundation.
  static func imports(in text: String) -> Set<String> {
    let kinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    var found: Set<String> = []
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
      guard let line = String(line), line.contains("import") else { continue }
      for statement in line.split(separator: ";") {
        var words = statement.split(whereSeparator: { $0 == " " || $0 == "\t" })[...]
        while let word = words.first, word != "import", isModifier(word) { words.removeFirst() }
        guard words.popFirst() == "import" else { continue }
        if let kind = words.first, kinds.contains(String(kind)) { words.removeFirst() }
        guard let name = words.first?.prefix(while: { $0 == "_" || $0.isLetter || $0.isNumber })
        else { continue }
        found.insert(String(name))
      }
    }
    return found
  }

  private static func isModifier(_ word: Substring) -> Bool {
    word.hasPrefix("@")
      || ["public", "package", "internal", "private", "fileprivate"].contains(word)
  }

  /// Every Swift file below Sources of the package that this test is part of; read once.
  static func all() throws -> [SourceFile] { try files.get() }

  private static let files = Result {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")
    let folder = sources.path(percentEncoded: false)
    let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return try paths.filter { $0.hasSuffix(".swift") }.sorted().compactMap { path -> SourceFile? in
      guard let room = path.split(separator: "/").first else { return nil }
      return SourceFile(
        room: String(room), path: path,
        text: try String(contentsOf: sources.appending(path: path), encoding: .utf8))
    }
  }
}
