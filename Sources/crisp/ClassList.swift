import ArgumentParser
import ClassWeights
import Datasets
import Foundation

/// `a,b=3,"c, d"`: class names with optional weights. A name in double quotes is taken as it stands,
/// commas and equals signs in it included; a quote in it is doubled, as in CSV files (RFC 4180).
struct ClassList {
  let entries: [ClassWeight]

  init(_ argument: String) throws {
    entries = try QuotedList.items(argument).map { item in
      guard !item.name.isEmpty else { throw ValidationError("a class has no name.") }
      guard let weight = item.weight else { return ClassWeight(name: item.name) }
      guard let number = Double(weight) else {
        throw ValidationError(
          "'\(weight)' is not a weight of '\(item.name)'; a name with an equals sign stands in double "
            + "quotes.")
      }
      return ClassWeight(name: item.name, weight: number)
    }
  }

  var names: [String] { entries.map(\.name) }
}

/// The one rule by which names in lists are quoted, on every command line.
enum QuotedList {
  /// A name and what follows its equals sign.
  typealias Item = (name: String, weight: String?)

  /// The items between commas.
  /// - Parameter weighted: Whether an equals sign ends a name; else it is a part of it.
  /// - Throws: `ValidationError` where a quote is not closed, or something other than a weight follows it.
  static func items(_ text: String, weighted: Bool = true) throws -> [Item] {
    guard let items = read(text, weighted) else {
      throw ValidationError("a double quote in it is not closed, or something follows it.")
    }
    return items
  }

  private static func read(_ text: String, _ weighted: Bool) -> [Item]? {
    var items: [Item] = []
    var rest = text[...]
    while true {
      rest = rest.drop { $0 == " " }
      guard let name = rest.first == "\"" ? quoted(&rest) : plain(&rest, weighted) else {
        return nil
      }
      var weight: String?
      if weighted, rest.first == "=" {
        let field = rest.dropFirst().prefix { $0 != "," }
        weight = field.trimmingCharacters(in: .whitespaces)
        rest = rest[field.endIndex...]
      }
      items.append((name, weight))
      guard let comma = rest.first else { return items }
      guard comma == "," else { return nil }
      rest = rest.dropFirst()
    }
  }

  private static func plain(_ rest: inout Substring, _ weighted: Bool) -> String? {
    let name = rest.prefix { $0 != "," && !(weighted && $0 == "=") }
    rest = rest[name.endIndex...]
    return name.trimmingCharacters(in: .whitespaces)
  }

  private static func quoted(_ rest: inout Substring) -> String? {
    var name = ""
    rest = rest.dropFirst()
    while let character = rest.first {
      rest = rest.dropFirst()
      guard character == "\"" else {
        name.append(character)
        continue
      }
      guard rest.first == "\"" else {
        rest = rest.drop { $0 == " " }
        return name
      }
      name.append(character)
      rest = rest.dropFirst()
    }
    return nil
  }
}

/// A file of class names for `--classes-file`: one a line as it stands, a weight after a tab.
enum ClassFile {
  static func entries(_ path: String) throws -> [ClassWeight] {
    guard let data = FileManager.default.contents(atPath: path),
      let lines = LabelsFile.lines(data)
    else {
      throw ValidationError("--classes-file: '\(path)' cannot be read as a UTF-8 text file.")
    }
    return try lines.filter { !$0.isEmpty }.map { line in
      guard let tab = line.lastIndex(of: "\t") else { return ClassWeight(name: line) }
      let field = line[line.index(after: tab)...].trimmingCharacters(in: .whitespaces)
      guard let weight = Double(field) else {
        throw ValidationError(
          "--classes-file: '\(path)': '\(field)' after a tab is not a weight, in the line '\(line)'."
        )
      }
      return ClassWeight(
        name: line[..<tab].trimmingCharacters(in: .whitespaces), weight: weight)
    }
  }
}

/// The classes a command is about.
struct ClassOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Classes, separated by commas; a weight may follow: \"Bag=3,Shirt\".",
      discussion: """
        A name with commas, equals signs or quotes in it stands in double quotes, a quote in it \
        doubled: '"tench, Tinca tinca"=2,goldfish'.
        """), transform: ClassList.init)
  var classes: ClassList?

  @Option(help: "Instead: a file of class names, one a line; a weight may follow after a tab.")
  var classesFile: String?

  func validate() throws {
    guard classes == nil || classesFile == nil else {
      throw ValidationError("--classes and --classes-file cannot be used together.")
    }
  }

  /// What was given, by its option's name; nil for nothing.
  var option: String? {
    classes != nil ? "--classes" : classesFile != nil ? "--classes-file" : nil
  }

  /// Nil where neither option is given.
  func entries() throws -> [ClassWeight]? {
    if let classes { return classes.entries }
    return try classesFile.map { try ClassFile.entries($0) }
  }
}
