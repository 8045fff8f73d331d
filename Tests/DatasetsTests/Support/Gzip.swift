import CSystem
import Foundation
import TestSupport

extension TemporaryFolder {
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
