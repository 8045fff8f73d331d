import Foundation

/// Class names as text, UTF-8, one a line; empty lines do not count. Three forms are understood:
///
/// - one name a line, in label order (for folders: in the order of the sorted folder names);
/// - the folder names themselves, in any order, which then are the class names;
/// - `folder name`, as ImageNet's `LOC_synset_mapping.txt` has it (`n01440764 tench, Tinca tinca`):
///   the name is what follows, up to the first comma. Where two folders would share a name, as
///   ImageNet's two cranes do, the folder follows in brackets. Lines of other folders are ignored.
enum LabelsFile {
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
      let name = parts[1].prefix { $0 != "," }.trimmingCharacters(in: .whitespaces)
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
    let plain = folders.map { named[$0] ?? $0 }
    let uses = Dictionary(plain.map { ($0, 1) }, uniquingKeysWith: +)
    return zip(folders, plain).map { folder, name in
      uses[name] == 1 ? name : "\(name) (\(folder))"
    }
  }
}
