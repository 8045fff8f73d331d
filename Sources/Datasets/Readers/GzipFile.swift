import CSystem
import Foundation

/// Reads plain and gzip-compressed files alike (zlib's gzread passes plain bytes through).
package enum GzipFile {
  /// The decompressed bytes. Stops with an error past `limit`, so a small file cannot expand
  /// without bound.
  package static func read(_ path: String, limit: Int) throws(DatasetError) -> [UInt8] {
    errno = 0
    guard let file = gzopen(path, "rb") else {
      throw .unreadable(file: path, reason: String(cString: strerror(errno == 0 ? ENOENT : errno)))
    }
    defer { gzclose(file) }
    gzbuffer(file, 1 << 18)
    var bytes: [UInt8] = []
    let step = 1 << 20
    var chunk = [UInt8](repeating: 0, count: step)
    while true {
      let count = gzread(file, &chunk, UInt32(step))
      guard count >= 0 else {
        var code: Int32 = 0
        let text = gzerror(file, &code).map { String(cString: $0) } ?? "zlib error \(code)"
        throw .unreadable(file: path, reason: text)
      }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<Int(count)])
      guard bytes.count <= limit else {
        throw .malformed(file: path, reason: "it expands to more than \(limit) bytes")
      }
    }
    // A truncated gzip stream ends as a normal end of file; only the error state tells.
    var code: Int32 = 0
    let text = gzerror(file, &code)
    guard code == Z_OK || code == Z_STREAM_END else {
      throw .unreadable(
        file: path, reason: text.map { String(cString: $0) } ?? "zlib error \(code)")
    }
    return bytes
  }
}
