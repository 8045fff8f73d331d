import CSystem
import Foundation

/// A folder that goes when the value does.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/crisp-datasets-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: file(name)) }

  /// The gzip form of bytes, by zlib's own writer.
  func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
    let path = file("gzip-\(UUID().uuidString)")
    guard let handle = gzopen(path, "wb9") else { throw CocoaError(.fileWriteUnknown) }
    let written = gzwrite(handle, bytes, UInt32(bytes.count))
    guard gzclose(handle) == Z_OK, written == bytes.count else {
      throw CocoaError(.fileWriteUnknown)
    }
    defer { try? FileManager.default.removeItem(atPath: path) }
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}
