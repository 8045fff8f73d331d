import Foundation

/// Class names as text, UTF-8, one a line; empty lines do not count. Three forms are understood:
///
/// - one name a line, in label order (for folders: in the order of the sorted folder names);
/// - the folder names themselves, in any order, which then are the class names;
/// - `folder name`, as ImageNet's `LOC_synset_mapping.txt` has it (`n01440764 tench, Tinca tinca`):
///   the name is what follows, up to the first comma. Where two folders would share a name, as
///   ImageNet's two cranes do, the folder follows in brackets. Lines of other folders are ignored.
package enum LabelsFile {
  /// Names that are looked for in a data set's folder.
  static let usualNames = ["labels.txt", "classes.txt", "LOC_synset_mapping.txt"]

  /// The usual file of a folder, if there is one.
  static func find(in folder: String) -> String? {
    usualNames.map { "\(folder)/\($0)" }.first { FileManager.default.fileExists(atPath: $0) }
  }

  /// The lines, which must differ from each other.
  static func names(_ file: String) throws(DatasetError) -> [String] {
    let bytes = try GzipFile.read(file, limit: 16 << 20)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .unreadable(file: file, reason: "it is not UTF-8 text")
    }
    let lines = text.split(whereSeparator: \.isNewline).map(String.init)
    guard Set(lines).count == lines.count else {
      throw .malformed(file: file, reason: "a class name appears twice")
    }
    return lines
  }

  /// A name for each of the sorted folders.
  static func names(_ file: String, folders: [String]) throws(DatasetError) -> [String] {
    let lines = try names(file).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    if Set(lines) == Set(folders) { return folders }
    var named: [String: String] = [:]
    for line in lines {
      let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard parts.count == 2 else { continue }
      let name = shortName(parts[1])
      if !name.isEmpty { named[String(parts[0])] = name }
    }
    let missing = folders.filter { named[$0] == nil }
    if missing.count == folders.count {
      guard lines.count == folders.count else {
        throw .malformed(
          file: file,
          reason: "its \(lines.count) lines neither name the class folders nor match their number, "
            + "\(folders.count)")
      }
      return lines
    }
    if let first = missing.first {
      throw .malformed(file: file, reason: "it has no line for the class folder '\(first)'")
    }
    return distinct(folders.map { ($0, named[$0] ?? $0) })
  }

  /// The names in lines that all begin with a WordNet number (`n01440764 tench, Tinca tinca`), in
  /// the numbers' order, which is that of ImageNet's labels; nil for any other lines.
  package static func synsetNames(_ lines: [String]) -> [String]? {
    let pairs = lines.compactMap { line -> (folder: String, name: String)? in
      let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard parts.count == 2, parts[0].count == 9, parts[0].first == "n",
        parts[0].dropFirst().allSatisfy(\.isNumber)
      else { return nil }
      let name = shortName(parts[1])
      return name.isEmpty ? nil : (String(parts[0]), name)
    }
    guard !lines.isEmpty, pairs.count == lines.count else { return nil }
    return distinct(pairs.sorted { $0.folder < $1.folder })
  }

  /// What stands before the first comma.
  private static func shortName(_ text: Substring) -> String {
    text.prefix { $0 != "," }.trimmingCharacters(in: .whitespaces)
  }

  /// The names, with the folder in brackets where several share one.
  private static func distinct(_ pairs: [(folder: String, name: String)]) -> [String] {
    let uses = Dictionary(pairs.map { ($0.name, 1) }, uniquingKeysWith: +)
    return pairs.map { folder, name in
      uses[name] == 1 ? name : "\(name) (\(folder))"
    }
  }
}
