/// Names of what a worker's machine has and what a job needs of it, like `bf16` or `gpu-lab`: a job goes
/// only to workers that have all it asks for.
public enum WorkerLabel {
  /// Most bytes of a name.
  public static let longest = 63
  /// Most names that one job may ask for.
  public static let mostOfJob = 8

  /// Whether a text may be a name: 1 to ``longest`` of `a` to `z`, `0` to `9`, `.`, `_` and `-`.
  public static func isName(_ text: String) -> Bool {
    (1...longest).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// The names in order, each once.
  public static func sorted(_ names: [String]) -> [String] { Set(names).sorted() }

  /// What a job needs as a column's text.
  /// - Throws: ``StoreError/invalidValue(field:reason:)``.
  package static func text(required names: [String]) throws -> String {
    let names = sorted(names)
    guard names.count <= mostOfJob, names.allSatisfy(isName) else {
      throw StoreError.invalidValue(
        field: "requires",
        reason: "must be at most \(mostOfJob) labels of 1 to \(longest) of a-z, 0-9, '.', '_', '-'")
    }
    return try JSONColumn.text(encoding: names, field: "requires")
  }

  /// What a column's text says. Most jobs need nothing, for which nothing is decoded.
  /// - Throws: ``StoreError/databaseCorrupt(reason:)``.
  package static func names(in text: String) throws -> [String] {
    text == "[]" ? [] : try JSONColumn.decode(text, as: [String].self)
  }
}
