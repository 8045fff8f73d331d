import Foundation
import Store

extension BlobCache {
  /// A blob as a file: from here, or read through from the store that has it.
  /// - Throws: ``ObjectStoreError``; what reading the blob throws.
  public func entry(_ reader: BlobReader) throws -> Entry {
    try entry(reader.digest, size: reader.size) { write in
      try reader.stream(0..<reader.size) { piece in try piece.withUnsafeBytes(write) }
    }
  }
}
