import Foundation
import TestSupport

/// A server whose database is on a small file system of its own, in memory, that goes away with it.
final class SmallDisk {
  let server: ServerProcess
  /// The file system as this process sees it.
  private let root: String

  /// Whether this machine lets tests have file systems of their own (unshare(1)).
  static let isAvailable: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  /// What runs a command with a database's folder replaced by a copy in memory.
  static func wrapper(_ folder: TemporaryFolder, then script: String = ":") -> [String] {
    [
      "/usr/bin/unshare", "-rm", "/bin/sh", "-ec",
      """
      folder=$1; shift
      mkdir "$folder/disk"
      mount -t tmpfs -o size=\(megabytes)m none "$folder/disk"
      cp "$folder"/crisp.sqlite* "$folder/disk"
      \(script)
      exec "$@"
      """, "sh", folder.path,
    ]
  }

  private static let megabytes = 8

  /// Starts a server.
  /// - Parameter isFull: Whether the disk is full before the server starts.
  init(_ folder: TemporaryFolder, arguments: [String] = [], isFull: Bool = false) throws {
    server = try ServerProcess(
      database: folder.file("disk/crisp.sqlite"), arguments: arguments,
      wrapper: Self.wrapper(
        folder, then: isFull ? #"cat /dev/zero >"$folder/disk/ballast" 2>/dev/null || true"# : ":"))
    root = "/proc/\(server.processIdentifier)/root\(folder.path)/disk"
  }

  /// The database's path for programs outside.
  var database: String { "\(root)/crisp.sqlite" }

  /// Leaves no byte free.
  func fill() throws {
    let file = open("\(root)/ballast", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    guard file >= 0 else { throw ServerProcess.Failure(description: "no ballast: \(errno)") }
    defer { close(file) }
    let block = [UInt8](repeating: 1, count: 4096)
    while write(file, block, block.count) > 0 {}
  }

  func empty() throws { try FileManager.default.removeItem(atPath: "\(root)/ballast") }
}
