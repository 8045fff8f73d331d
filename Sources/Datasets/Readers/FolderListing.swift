import Foundation

/// What a folder holds. `FileManager` takes several times as long to list a million files with
/// their sizes.
struct FolderListing {
  /// One entry.
  struct Entry {
    let name: String
    let isFolder: Bool
    let size: Int
    /// Last change of the content, in seconds and nanoseconds.
    let modified: (seconds: Int, nanoseconds: Int)
    /// Device and inode: a folder that links lead back to has the same.
    let identity: Identity
  }

  /// A file or folder, whatever leads to it.
  struct Identity: Hashable {
    let device, inode: UInt64
  }

  /// Folders and plain files, links followed, sorted by the bytes of their names. Names that begin
  /// with a dot are left out, and `__MACOSX`, which macOS adds to archives.
  let entries: [Entry]
  /// Names that are not UTF-8, with the offending bytes as `%E9`.
  let unreadableNames: [(name: String, isFolder: Bool)]
  /// Links to nothing, and what is neither a folder nor a plain file.
  let notFiles: Int

  init(_ path: String) throws(DatasetError) {
    guard let folder = opendir(path) else {
      throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    defer { closedir(folder) }
    var entries: [Entry] = []
    var unreadable: [(name: String, isFolder: Bool)] = []
    var notFiles = 0
    while let next = readdir(folder) {
      let isFolder = next.pointee.d_type == UInt8(DT_DIR)
      let bytes = withUnsafeBytes(of: &next.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        unreadable.append((Self.escaped(bytes), isFolder))
        continue
      }
      guard !name.hasPrefix("."), name != "__MACOSX" else { continue }
      var status = stat()
      let isThere = stat("\(path)/\(name)", &status) == 0
      let kind = status.st_mode & S_IFMT
      guard isThere, kind == S_IFDIR || kind == S_IFREG else {
        notFiles += 1
        continue
      }
      entries.append(
        Entry(
          name: name, isFolder: kind == S_IFDIR, size: Int(status.st_size),
          modified: (Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec)),
          identity: Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))))
    }
    self.entries = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    unreadableNames = unreadable
    self.notFiles = notFiles
  }

  /// Whether that is a folder, or a link to one.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  var folders: [String] { entries.filter(\.isFolder).map(\.name) }

  /// A name whose bytes beyond ASCII are written as `%E9`, so that two forms of it look different.
  static func escaped(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
      (0x20..<0x7f).contains(byte)
        ? String(UnicodeScalar(byte)) : "%" + String(format: "%02X", Int(byte))
    }.joined()
  }
}
