import Digests
import Foundation

/// The files of a data set as they are kept where there is no folder of them: end to end, and cut into
/// pieces of one length. What is written here names both.
///
/// As text, a line each: `crisp-dataset 1`; `folder`, or `file` where the data set is a single one; `piece
/// SHA256 BYTES` in the order of the bytes; `file BYTES SECONDS NANOSECONDS PATH` in the order of the paths'
/// bytes, with the time of the last change, and control characters and `%` in paths as `%0A`.
public struct DatasetManifest: Sendable, Equatable {
  /// One file.
  public struct File: Sendable, Equatable {
    /// Below the data set's folder, with slashes; or the file's name.
    public let path: String
    /// Bytes.
    public let size: Int64
    /// Last change of the content, in seconds and nanoseconds.
    public let modified: Modified
  }

  /// A time of a file system.
  public struct Modified: Sendable, Equatable {
    /// Since 1970.
    public let seconds: Int
    /// 0 to 999,999,999.
    public let nanoseconds: Int
  }

  /// A part of all files' bytes.
  public struct Piece: Sendable, Equatable {
    /// SHA-256.
    public let digest: SHA256Digest
    /// Bytes.
    public let size: Int64

    /// A piece.
    public init(digest: SHA256Digest, size: Int64) {
      self.digest = digest
      self.size = size
    }
  }

  /// Bytes of every piece but the last.
  public static let pieceSize: Int64 = 32 << 20
  /// Bytes of a manifest at most: about ten million files.
  public static let longestText: Int64 = 1 << 30
  private static let head = "crisp-dataset 1"

  /// Whether the data set is one file, and not a folder.
  public let isFile: Bool
  /// In the order of their paths' bytes.
  public let files: [File]
  /// In the order of the bytes.
  public let pieces: [Piece]

  /// Bytes of all files.
  public var size: Int64 { pieces.reduce(0) { $0 + $1.size } }

  /// A manifest of these parts.
  public init(isFile: Bool, files: [File], pieces: [Piece]) {
    self.isFile = isFile
    self.files = files
    self.pieces = pieces
  }

  /// Where a reader finds the data set when its files are in a folder.
  public func path(in folder: String) -> String {
    isFile ? "\(folder)/\(files.first?.path ?? "")" : folder
  }

  // MARK: Text

  /// The text.
  public var text: Data {
    var lines = "\(Self.head)\n\(isFile ? "file" : "folder")\n"
    for piece in pieces { lines += "piece \(piece.digest.hex) \(piece.size)\n" }
    for file in files {
      lines += "file \(file.size) \(file.modified.seconds) \(file.modified.nanoseconds) "
      lines += "\(Self.escaped(file.path))\n"
    }
    return Data(lines.utf8)
  }

  /// Reads the text.
  /// - Throws: ``DatasetError/malformed(file:reason:)`` for what this program has not written, such as paths
  ///   that lead out of the folder.
  public init(text: Data) throws(DatasetError) {
    func malformed(_ reason: String) -> DatasetError {
      .malformed(file: "a data set's list of files", reason: reason)
    }
    var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .makeIterator()
    func line() -> String? { lines.next().flatMap { String(validating: $0, as: UTF8.self) } }
    guard line() == Self.head, let kind = line(), ["file", "folder"].contains(kind) else {
      throw malformed("it does not begin like one of this version")
    }
    var files: [File] = []
    var pieces: [Piece] = []
    var (sizes, bytes): (Int64, Int64) = (0, 0)
    while let line = line(), !line.isEmpty {
      let words = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
      if words.count == 3, words[0] == "piece", files.isEmpty,
        let digest = try? SHA256Digest(hex: String(words[1])), let size = Int64(words[2]),
        (1...Self.pieceSize).contains(size), pieces.last.map({ $0.size == Self.pieceSize }) ?? true
      {
        pieces.append(Piece(digest: digest, size: size))
        bytes += size
      } else if words.count == 5, words[0] == "file", let size = Int64(words[1]),
        (0...(Int64.max - sizes)).contains(size), let seconds = Int(words[2]),
        let nanoseconds = Int(words[3]), (0..<1_000_000_000).contains(nanoseconds),
        let path = Self.unescaped(words[4]), Self.isSafe(path),
        files.last.map({ $0.path.utf8.lexicographicallyPrecedes(path.utf8) }) ?? true
      {
        files.append(
          File(
            path: path, size: size,
            modified: Modified(seconds: seconds, nanoseconds: nanoseconds)))
        sizes += size
      } else {
        throw malformed("line \(pieces.count + files.count + 3)")
      }
    }
    guard lines.next() == nil else { throw malformed("it goes on after its end") }
    guard sizes == bytes, !files.isEmpty else { throw malformed("its sizes contradict each other") }
    guard kind == "folder" || files.count == 1 && !files[0].path.contains("/") else {
      throw malformed("a file has one name")
    }
    self.init(isFile: kind == "file", files: files, pieces: pieces)
  }

  private static func isSafe(_ path: String) -> Bool {
    path.utf8.count <= 4096
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !["", ".", ".."].contains($0) && $0.utf8.count <= 255 && !$0.utf8.contains(0)
      }
  }

  private static func escaped(_ path: String) -> String {
    guard path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "%") }) else {
      return path
    }
    return path.unicodeScalars.map { scalar in
      scalar.value < 0x20 || scalar.value == 0x7F || scalar == "%"
        ? "%" + String(format: "%02X", Int(scalar.value)) : String(scalar)
    }.joined()
  }

  private static func unescaped(_ text: Substring) -> String? {
    text.contains("%") ? text.removingPercentEncoding : String(text)
  }

  // MARK: Files

  /// How deep folders may lie in one another.
  private static let deepest = 32

  /// What there is at a path: every plain file that a reader of data sets could see, in the order of the
  /// paths' bytes. Reads none of them.
  /// - Throws: ``DatasetError``.
  public static func files(at path: String) throws(DatasetError) -> (isFile: Bool, files: [File]) {
    guard FolderListing.isFolder(path) else {
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw .notADataset(path: path, reason: "no such folder or file")
      }
      let name = URL(fileURLWithPath: path).lastPathComponent
      let modified = Modified(
        seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec))
      return (true, [File(path: name, size: Int64(status.st_size), modified: modified)])
    }
    var files: [File] = []
    try list(path, below: "", depth: 0, into: &files)
    return (false, files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) })
  }

  private static func list(
    _ folder: String, below prefix: String, depth: Int, into files: inout [File]
  ) throws(DatasetError) {
    guard depth < deepest else {
      throw .notADataset(
        path: folder, reason: "folders lie more than \(deepest) deep in one another")
    }
    for entry in try FolderListing(folder).entries {
      let path = prefix + entry.name
      if entry.isFolder {
        try list("\(folder)/\(entry.name)", below: "\(path)/", depth: depth + 1, into: &files)
      } else {
        files.append(
          File(
            path: path, size: Int64(entry.size),
            modified: Modified(
              seconds: entry.modified.seconds, nanoseconds: entry.modified.nanoseconds)))
      }
    }
  }
}
