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
  }

  /// Folders and plain files, links followed, sorted by the bytes of their names. Names that begin
  /// with a dot are left out, as are links to nothing.
  let entries: [Entry]

  init(_ path: String) throws(DatasetError) {
    guard let folder = opendir(path) else {
      throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    defer { closedir(folder) }
    var entries: [Entry] = []
    while let next = readdir(folder) {
      let name = withUnsafeBytes(of: &next.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name else {
        throw .malformed(file: path, reason: "it holds a file whose name is not UTF-8")
      }
      guard !name.hasPrefix(".") else { continue }
      var status = stat()
      guard stat("\(path)/\(name)", &status) == 0 else { continue }
      let kind = status.st_mode & S_IFMT
      guard kind == S_IFDIR || kind == S_IFREG else { continue }
      entries.append(
        Entry(
          name: name, isFolder: kind == S_IFDIR, size: Int(status.st_size),
          modified: (Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec))))
    }
    self.entries = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  var folders: [String] { entries.filter(\.isFolder).map(\.name) }
}
