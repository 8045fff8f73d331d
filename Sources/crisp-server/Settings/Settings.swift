import Datasets
import Foundation
import Inputs

/// Where flags get their values: the command line, else a variable, else the file, else the default.
///
/// What may be set are the flags of the commands that run on (`serve`, `worker`); other commands take
/// those of them that they have, like `--db`. Variables and lines become flags in front of those that
/// were given, so that one parser checks everything.
struct Settings {
  enum Source: Equatable {
    case flag
    case set(SettingsError.Place)
    case fallback
  }

  struct Value {
    let setting: Setting
    /// None where there is no value, and several only where the flag may be repeated.
    let values: [String]
    let source: Source
  }

  /// The commands whose flags may be set.
  private static let running: Set = ["serve", "worker"]
  /// What is never set: where settings are, and what only asks.
  private static let unset: Set = ["config", "help", "version"]
  /// Variables that are no flags (Documentation/operators.md, "Environment").
  private static let others: Set = [
    "CRISP_CONFIG", "CRISP_MAX_CPU_ISA", "CRISP_SERVER", "CRISP_TOKEN",
  ]

  /// The command line with everything that was set.
  private(set) var words: [String]
  /// The settings of the command.
  private(set) var values: [Value] = []
  /// Variables that begin like ours and that nothing reads, with what they may have been meant to be.
  private(set) var unread: [(name: String, suggestions: [String])] = []

  /// Finds all values. Throws `SettingsError`.
  /// - Parameter words: the command line without the program's name.
  init(_ words: [String], environment: [String: String], tree: CommandTree) throws {
    self.words = words
    let known = Self.known(in: tree)
    unread = Self.unread(in: environment, known: known)
    let (command, depth) = tree.command(of: words)
    guard !Self.onlyAsks(words) else { return }
    let given = Self.given(in: words[depth...], of: command)
    let variable = environment["CRISP_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    let file = try (given["config"]?.last ?? variable).map { try SettingsFile(path: $0) }
    let lines = try Self.lines(of: file, known: known)
    var flags: [String] = []
    for setting in command.flags
    where known.contains(where: { $0.isMeant(by: setting) }) {
      let value: Value
      if let texts = given[setting.name] {
        value = Value(setting: setting, values: texts, source: .flag)
      } else if let text = environment[setting.variable], !text.isEmpty {
        let place = SettingsError.Place.variable(setting.variable)
        let texts = setting.isRepeating ? Self.elements(of: text) : [text]
        value = Value(setting: setting, values: texts, source: .set(place))
      } else if let file, let entries = lines[setting.name], let first = entries.first {
        value = Value(
          setting: setting, values: entries.map(\.value),
          source: .set(.line(first.line, of: file.path)))
      } else {
        let fallback = setting.isSwitch ? "false" : setting.fallback
        value = Value(setting: setting, values: fallback.map { [$0] } ?? [], source: .fallback)
      }
      flags += try Self.flags(for: value)
      values.append(value)
    }
    self.words.insert(contentsOf: flags, at: depth)
  }

  /// Where a flag that an error names was set; nil when it stands on the command line.
  func origin(inError text: String) -> String? {
    for value in values {
      guard case .set(let place) = value.source,
        let range = text.range(of: "--\(value.setting.name)"),
        text[range.upperBound...].first.map({ $0 != "-" && !$0.isLetter }) ?? true
      else { continue }
      return "--\(value.setting.name) is set by \(place)."
    }
    return nil
  }

  /// Everything that may be set for any command.
  private static func known(in tree: CommandTree) -> [Setting] {
    var known: [Setting] = []
    for command in tree.subcommands ?? [] where running.contains(command.commandName) {
      for flag in command.flags
      where !unset.contains(flag.name) && !known.contains(where: { $0.name == flag.name }) {
        known.append(flag)
      }
    }
    return known
  }

  /// Whether the parser answers by itself: then broken settings must not stand in the way.
  private static func onlyAsks(_ words: [String]) -> Bool {
    words.first == "help"
      || words.contains {
        ["-h", "--help", "--version", "--experimental-dump-help"].contains($0)
          || $0.hasPrefix("--generate-completion-script")
      }
  }

  /// The flags on the command line and their values.
  private static func given(in words: ArraySlice<String>, of command: CommandTree)
    -> [String: [String]]
  {
    let switches = Set(command.flags.filter(\.isSwitch).map(\.name))
    var given: [String: [String]] = [:]
    var rest = words.prefix { $0 != "--" }
    while let word = rest.popFirst() {
      guard word.hasPrefix("--") else { continue }
      let parts = word.dropFirst(2).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      if parts.count == 2 {
        given[name, default: []].append(String(parts[1]))
      } else if switches.contains(name) {
        given[name, default: []].append("true")
      } else if let value = rest.popFirst() {
        given[name, default: []].append(value)
      }
    }
    return given
  }

  /// The lines of a file by what they set.
  private static func lines(of file: SettingsFile?, known: [Setting]) throws(SettingsError)
    -> [String: [SettingsFile.Entry]]
  {
    guard let file else { return [:] }
    var lines: [String: [SettingsFile.Entry]] = [:]
    for entry in file.entries {
      let place = SettingsError.Place.line(entry.line, of: file.path)
      guard let setting = known.first(where: { $0.name == entry.name }) else {
        throw .unknown(
          place, name: entry.name.echoed(80),
          suggestions: nearestNames(to: entry.name, in: known.map(\.name)))
      }
      if let first = lines[entry.name]?.first, !setting.isRepeating {
        throw .repeated(place, name: entry.name, first: first.line)
      }
      lines[entry.name, default: []].append(entry)
    }
    return lines
  }

  /// What the parser reads; nothing for what stands there already or is the default.
  private static func flags(for value: Value) throws(SettingsError) -> [String] {
    guard case .set(let place) = value.source else { return [] }
    let flag = "--\(value.setting.name)"
    guard value.setting.isSwitch else { return value.values.map { "\(flag)=\($0)" } }
    switch value.values.last {
    case "true": return [flag]
    case "false": return []
    case let text:
      throw .notBoolean(place, name: value.setting.name, value: (text ?? "").echoed(80))
    }
  }

  private static func elements(of list: String) -> [String] {
    list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  private static func unread(in environment: [String: String], known: [Setting])
    -> [(name: String, suggestions: [String])]
  {
    let variables = Dictionary(known.map { ($0.variable, $0.name) }) { first, _ in first }
    return environment.keys.sorted()
      .filter { $0.hasPrefix(Setting.prefix) && variables[$0] == nil && !others.contains($0) }
      .map { name in
        // Without the beginning, which all have in common.
        let near = nearestNames(
          to: String(name.dropFirst(Setting.prefix.count)),
          in: variables.keys.sorted().map { String($0.dropFirst(Setting.prefix.count)) })
        return (name, near.map { Setting.prefix + $0 })
      }
  }
}
