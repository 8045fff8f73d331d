import Foundation

/// Class names as text, UTF-8 with or without a byte order mark, one a line; empty lines and blanks
/// around names do not count, and names are kept in Unicode's composed form (NFC), as people type
/// them. Three forms are understood:
///
/// - the folder names themselves, in any order, which then are the class names;
/// - `folder name`, as ImageNet's `LOC_synset_mapping.txt` has it (`n01440764 tench, Tinca tinca`):
///   the name is what follows, up to the first comma. Where two folders would share a name, as
///   ImageNet's two cranes do, the folder follows in brackets. Lines of other folders are ignored;
/// - one name a line, in label order (for folders: in the order of the sorted folder names), where
///   no line says, or nearly says, the name of a folder at another place (`FolderNameMatch`).
package enum LabelsFile {
  /// Names that are looked for in a data set's folder.
  static let usualNames = ["labels.txt", "classes.txt", "LOC_synset_mapping.txt"]

  /// The usual file of a folder, if there is one.
  static func find(in folder: String) -> String? {
    usualNames.map { "\(folder)/\($0)" }.first { FileManager.default.fileExists(atPath: $0) }
  }

  /// The lines of a text that hold something, as names; nil where it is not UTF-8. Windows' editors
  /// begin a file with a byte order mark (U+FEFF), which is no part of the first name.
  package static func lines(_ bytes: some Sequence<UInt8>) -> [String]? {
    guard let text = String(validating: Array(bytes), as: UTF8.self) else { return nil }
    let start = text.unicodeScalars.first == "\u{FEFF}" ? 1 : 0
    return String(text.unicodeScalars.dropFirst(start))
      .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map { className(String($0)) }
  }

  /// A name as it is compared and kept: without blanks around it, in composed form.
  static func className(_ text: String) -> String {
    text.trimmingCharacters(in: .whitespaces).precomposedStringWithCanonicalMapping
  }

  /// Two places of one name; nil where all differ.
  package static func repetition(in names: [String]) -> (name: String, first: Int, second: Int)? {
    var places: [String: Int] = [:]
    for (place, name) in names.enumerated() {
      if let first = places.updateValue(place, forKey: name) { return (name, first, place) }
    }
    return nil
  }

  /// The names, which must differ from each other.
  static func names(_ file: String) throws(DatasetError) -> [String] {
    let bytes = try GzipFile.read(file, limit: 16 << 20)
    guard let all = lines(bytes) else {
      let isWide = bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff])
      throw .unreadable(
        file: file,
        reason: "it is \(isWide ? "UTF-16" : "not UTF-8") text\(isWide ? "; save it as UTF-8" : "")"
      )
    }
    let names = all.filter { !$0.isEmpty }
    if let (name, first, second) = repetition(in: names) {
      throw .malformed(
        file: file,
        reason: "a class name appears twice: '\(name)' is name \(first + 1) and \(second + 1); "
          + "give each class a name of its own")
    }
    return names
  }

  /// A name for each of the sorted folders.
  static func names(_ file: String, folders: [String]) throws(DatasetError) -> [String] {
    let lines = try names(file)
    // Strings are equal in any Unicode form.
    if Set(lines) == Set(folders) { return folders }
    if let named = try folderNames(lines, file: file, folders: folders) { return named }
    guard lines.count == folders.count else {
      throw .malformed(
        file: file,
        reason: "its \(lines.count) lines neither name the class folders nor match their number, "
          + "\(folders.count)")
    }
    if let conflict = FolderNameMatch.conflict(lines: lines, folders: folders) {
      throw .malformed(file: file, reason: conflict)
    }
    return lines
  }

  /// What lines of the form `folder name` say; nil where none begins with a folder.
  private static func folderNames(_ lines: [String], file: String, folders: [String])
    throws(DatasetError) -> [String]?
  {
    var named: [String: String] = [:]
    let known = Set(folders)
    for line in lines {
      let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard parts.count == 2 else { continue }
      let (folder, name) = (String(parts[0]), shortName(parts[1]))
      guard !name.isEmpty else { continue }
      if let other = named.updateValue(name, forKey: folder), known.contains(folder) {
        throw .malformed(
          file: file, reason: "it calls the class folder '\(folder)' both '\(other)' and '\(name)'")
      }
    }
    let missing = folders.filter { named[$0] == nil }
    guard missing.count < folders.count else { return nil }
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
