import ArgumentParser
import Foundation

/// The program's commands and their flags, as its parser describes them: what settings may exist is
/// declared nowhere else.
struct CommandTree: Decodable {
  struct Flag: Decodable {
    struct Name: Decodable {
      let kind: String
      let name: String
    }

    let kind: String
    let isRepeating: Bool
    let preferredName: Name?
    let defaultValue: String?

    /// The same as something that may be set; nil for arguments without a name.
    var setting: Setting? {
      guard let preferredName, preferredName.kind == "long", kind == "option" || kind == "flag"
      else {
        return nil
      }
      return Setting(
        name: preferredName.name, isSwitch: kind == "flag", isRepeating: isRepeating,
        fallback: defaultValue)
    }
  }

  let commandName: String
  let arguments: [Flag]?
  let subcommands: [CommandTree]?

  /// The flags with a name.
  var flags: [Setting] { (arguments ?? []).compactMap(\.setting) }

  /// The command that words are for, and how many of them name it. Without a name it is
  /// `crisp-server serve`.
  func command(of words: [String]) -> (command: CommandTree, depth: Int) {
    var command = self
    var depth = 0
    while depth < words.count,
      let next = command.subcommands?.first(where: { $0.commandName == words[depth] })
    {
      command = next
      depth += 1
    }
    if depth == 0, let serve = subcommands?.first(where: { $0.commandName == "serve" }) {
      command = serve
    }
    return (command, depth)
  }

  /// The tree of this program.
  static func program() throws -> CommandTree {
    struct Document: Decodable { let command: CommandTree }
    return try JSONDecoder().decode(Document.self, from: Data(CrispServer._dumpHelp().utf8)).command
  }
}

/// A flag that may also stand in a file or in the environment.
struct Setting: Equatable {
  /// The flag without its two dashes.
  let name: String
  /// Whether it is there or not, without a value.
  let isSwitch: Bool
  let isRepeating: Bool
  /// Its default, where that is a value.
  let fallback: String?

  /// Whether another command's flag is this one. A token's `--label` is none of a worker's, which may be
  /// repeated.
  func isMeant(by other: Setting) -> Bool {
    name == other.name && isSwitch == other.isSwitch && isRepeating == other.isRepeating
  }

  /// How the environment's variables begin.
  static let prefix = "CRISP_"

  /// The variable: `CRISP_QUEUE_LIMIT` for `--queue-limit`.
  var variable: String {
    Self.prefix + name.uppercased().replacingOccurrences(of: "-", with: "_")
  }
}
