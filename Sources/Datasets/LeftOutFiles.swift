/// Files that a data set's reader found and did not take, counted by reason. Holds no names of
/// files and folders: users of a server see it, and must not learn how its disk is laid out.
public struct LeftOutFiles: Sendable, Hashable {
  /// Why files were left out.
  public enum Reason: String, Sendable, CaseIterable {
    /// A file whose name does not end as pictures' names do.
    case otherEnding = "other_ending"
    /// A picture below a folder within a class folder.
    case inSubfolder = "in_subfolder"
    /// A picture that lies beside the class folders.
    case besideClasses = "beside_classes"
    /// A folder beside the splits, one each.
    case otherFolder = "other_folder"
    /// A file whose name is not UTF-8.
    case unreadableName = "unreadable_name"
    /// A link to nothing, or a device.
    case notAFile = "not_a_file"
    /// An array of an archive, one each.
    case otherArray = "other_array"
  }

  /// Files, folders or arrays by reason; reasons without any are absent.
  public private(set) var counts: [Reason: Int] = [:]
  /// How often each ending occurs, in lower case with its dot; odd ones count as `others`.
  public private(set) var endings: [String: Int] = [:]

  /// Nothing.
  public init() {}

  /// Over all reasons.
  public var total: Int { counts.values.reduce(0, +) }

  mutating func add(_ reason: Reason, _ count: Int = 1) {
    guard count > 0 else { return }
    counts[reason, default: 0] += count
  }

  mutating func add(otherEnding name: String) {
    add(.otherEnding)
    let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
    let isPlain = (1...5).contains(ending.utf8.count) && ending.utf8.allSatisfy(Self.isPlain)
    let key = isPlain && name.contains(".") && endings.count < 64 ? ".\(ending)" : "others"
    endings[key, default: 0] += 1
  }

  mutating func add(_ other: LeftOutFiles) {
    counts.merge(other.counts, uniquingKeysWith: +)
    endings.merge(other.endings, uniquingKeysWith: +)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// One sentence for a person; nil when nothing was left out.
  public var warning: String? {
    guard total > 0 else { return nil }
    let parts = Reason.allCases.compactMap { reason in counts[reason].map { text(reason, $0) } }
    return "left out of the data set: \(parts.joined(separator: "; "))"
  }

  private func text(_ reason: Reason, _ count: Int) -> String {
    func counted(_ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }
    switch reason {
    case .otherEnding:
      let most = endings.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(5)
      let list = most.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      return "\(counted("file")) not named as a picture that can be read (\(list))"
    case .inSubfolder:
      return "\(counted("picture")) in folders within class folders (the format nested-folder "
        + "takes them)"
    case .besideClasses: return "\(counted("picture")) beside the class folders"
    case .otherFolder: return "\(counted("folder")) beside the splits"
    case .unreadableName: return "\(counted("file")) whose name is not UTF-8"
    case .notAFile: return "\(counted("link")) to nothing or special file\(count == 1 ? "" : "s")"
    case .otherArray: return "\(counted("array")) of the archive that no split is made of"
    }
  }
}
