import Foundation
import ModelFormats

/// `results.jsonl`: a line for every finished run, on the disk before the next run starts. What a
/// crash leaves of a line at the end is removed when the file is opened again.
///
/// A lock keeps a second process from writing between the lines of the first.
package final class ResultsFile {
  private let path: String
  private let descriptor: Int32
  /// The latest record of each key.
  package private(set) var records: [String: RunRecord] = [:]

  /// Opens or makes the file. Throws `resultsInUse`, `damagedResults` and `fileFailed`.
  package init(_ path: String) throws(ComparisonError) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failed(path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw errno == EWOULDBLOCK ? .resultsInUse(file: path) : Self.failed(path)
    }
    guard let data = FileManager.default.contents(atPath: path) else { throw Self.failed(path) }
    let whole = data.lastIndex(of: UInt8(ascii: "\n")).map { data[...$0] } ?? Data()
    if whole.count < data.count {
      guard ftruncate(descriptor, off_t(whole.count)) == 0 else { throw Self.failed(path) }
    }
    for (index, line) in whole.split(separator: UInt8(ascii: "\n")).enumerated() {
      guard let record = try? JSONDecoder().decode(RunRecord.self, from: Data(line)),
        (record.outcome == nil) != (record.failure == nil)
      else { throw .damagedResults(file: path, line: index + 1) }
      records[record.key] = record
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Adds a record; it is on the disk when this returns.
  package func append(_ record: RunRecord) throws(ComparisonError) {
    let line: Data
    do {
      line = try CanonicalJSON.data(record) + [UInt8(ascii: "\n")]
    } catch {
      throw .fileFailed(file: path, reason: "\(error)")
    }
    var written = 0
    while written < line.count {
      let count = line.withUnsafeBytes { bytes in
        write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      }
      guard count > 0 || errno == EINTR else { throw Self.failed(path) }
      written += max(0, count)
    }
    guard fdatasync(descriptor) == 0 else { throw Self.failed(path) }
    records[record.key] = record
  }

  private static func failed(_ path: String) -> ComparisonError {
    .fileFailed(file: path, reason: String(cString: strerror(errno)))
  }
}
