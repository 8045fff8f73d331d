import Foundation

/// The class folders of one split and the pictures in them.
struct ClassFolders {
  /// The split's folder.
  let root: String
  /// What was left out so far.
  private(set) var leftOut = LeftOutFiles()
  /// The folder of each class, as its name is written on the disk. Strings are equal in any Unicode
  /// form, and so are these keys: macOS writes "é" as two characters, other systems as one.
  private(set) var folders: [String: String] = [:]

  /// Endings of pictures that can be read, in any case.
  static let endings = [
    "png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "dib", "gif",
  ]

  /// Folders within class folders are followed so deep.
  private static let mostLevels = 16

  /// Lists the class folders. Throws where two have one name in different Unicode forms, or one a
  /// name that is no text.
  init(_ root: String) throws(DatasetError) {
    self.root = root
    let listing = try FolderListing(root)
    if let (name, _) = listing.unreadableNames.first(where: \.isFolder) {
      throw .malformed(
        file: root, reason: "the name of its class folder '\(name)' is not UTF-8; rename it")
    }
    leftOut.add(.unreadableName, listing.unreadableNames.count)
    leftOut.add(.notAFile, listing.notFiles)
    for entry in listing.entries {
      guard entry.isFolder else {
        if Self.isPicture(entry.name) { leftOut.add(.besideClasses) }
        continue
      }
      if let other = folders.updateValue(entry.name, forKey: entry.name) {
        throw .malformed(
          file: root,
          reason: "it has two class folders of the one name '\(entry.name)' in different Unicode "
            + "forms, '\(FolderListing.escaped(other.utf8))' and "
            + "'\(FolderListing.escaped(entry.name.utf8))'; move the pictures into one of them")
      }
    }
  }

  /// One picture.
  struct Picture {
    /// Below the class folder.
    let path: String
    let entry: FolderListing.Entry
  }

  /// The pictures of one class, sorted by the bytes of their names; those in deeper folders are
  /// taken when `nested`, else counted.
  mutating func pictures(ofClass name: String, nested: Bool) throws(DatasetError) -> [Picture] {
    let folder = folders[name] ?? name
    var pictures: [Picture] = []
    var seen: Set<FolderListing.Identity> = []
    // Folders still to list, those of a deeper level after those above.
    var pending = [(path: "", level: 0)]
    while !pending.isEmpty {
      let (path, level) = pending.removeFirst()
      let listing = try FolderListing("\(root)/\(folder)/\(path)")
      leftOut.add(.unreadableName, listing.unreadableNames.count)
      leftOut.add(.notAFile, listing.notFiles)
      for entry in listing.entries {
        if entry.isFolder {
          guard level < Self.mostLevels, seen.insert(entry.identity).inserted else { continue }
          pending.append(("\(path)\(entry.name)/", level + 1))
        } else if !Self.isPicture(entry.name) {
          leftOut.add(otherEnding: entry.name)
        } else if level > 0, !nested {
          leftOut.add(.inSubfolder)
        } else {
          pictures.append(Picture(path: path + entry.name, entry: entry))
        }
      }
    }
    return nested
      ? pictures.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) } : pictures
  }

  private static func isPicture(_ name: String) -> Bool {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
    return endings.contains(String(name[name.utf8.index(after: dot)...]).lowercased())
  }
}
