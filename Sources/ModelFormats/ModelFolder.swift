#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The folder of a model that lies in several files: where the others are looked for, and nowhere else.
public struct ModelFolder: Sendable {
  /// Why there is no such file, as the end of a sentence about the model's file.
  public enum Fault: Error, Hashable, Sendable {
    /// The name is empty, absolute, or goes upwards.
    case leadsOut(String)
    /// No file has that name.
    case missing(String)
    /// A link to somewhere else, or no regular file.
    case notInside(String)

    /// What is wrong, and what to do.
    public var reason: String {
      switch self {
      case .leadsOut(let name): "its name '\(name)' leads out of the model's folder"
      case .missing(let name):
        "'\(name)' is not beside it: keep all files in one folder, under their first names"
      case .notInside(let name):
        "'\(name)' is not a file in the model's folder; put a copy of it there"
      }
    }
  }

  private let path: String
  /// Where files may lie, links followed, each with a slash at the end: the folder that was named, and
  /// that of the model's own bytes. The cache of Hugging Face's hub has links in the first and all files
  /// of a model in the second.
  private let roots: [String]

  /// The folder of the model in that file.
  public init(ofFileAt file: String) {
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."
    path = folder
    let own = Self.resolved(file).flatMap { file in
      file.lastIndex(of: "/").map { String(file[...$0]) }
    }
    roots = [Self.resolved(folder).map { $0 == "/" ? $0 : $0 + "/" }, own].compactMap { $0 }
  }

  /// The path of a regular file, links followed, under the name that the model's file has for it. Throws
  /// `Fault`.
  public func path(of name: String) throws(Fault) -> String {
    let parts = name.split(whereSeparator: { $0 == "/" || $0 == "\\" })
    guard !name.hasPrefix("/"), !name.contains("\0"), !parts.isEmpty, !parts.contains(".."),
      !name.contains(":")
    else { throw .leadsOut(name) }
    guard let found = Self.resolved("\(path)/\(name)") else { throw .missing(name) }
    var status = stat()
    guard roots.contains(where: { found.hasPrefix($0) }), stat(found, &status) == 0,
      status.st_mode & S_IFMT == S_IFREG
    else { throw .notInside(name) }
    return found
  }

  private static func resolved(_ path: String) -> String? {
    guard let text = realpath(path, nil) else { return nil }
    defer { free(text) }
    return String(cString: text)
  }
}
