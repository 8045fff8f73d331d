import Digests
import Foundation
import HTTPTypes
import Transfers

/// Bytes that are to be stored, with their digest.
public struct ObjectContent: Sendable {
  enum Place {
    case memory(Data)
    case file(BodyFile)
  }

  let place: Place
  /// How many bytes.
  public let size: Int64
  /// Their SHA-256.
  public let digest: SHA256Digest

  /// Bytes in memory, with their digest if it is known already.
  public init(_ bytes: Data, digest: SHA256Digest? = nil) {
    place = .memory(bytes)
    size = Int64(bytes.count)
    self.digest = digest ?? SHA256.digest(of: bytes)
  }

  /// The first `size` bytes of a file.
  public init(_ file: BodyFile, size: Int64, digest: SHA256Digest) {
    place = .file(file)
    self.size = size
    self.digest = digest
  }

  func body(_ range: Range<Int64>) -> TransferRequest.Body {
    switch place {
    case .memory(let bytes):
      .bytes(bytes.dropFirst(Int(range.lowerBound)).prefix(range.count))
    case .file(let file):
      .file(file, offset: range.lowerBound, length: range.upperBound - range.lowerBound)
    }
  }

  /// The digest of a part; `all` takes the bytes too.
  func digest(_ range: Range<Int64>, _ all: inout SHA256) throws -> SHA256Digest {
    var hasher = SHA256()
    switch place {
    case .memory(let bytes):
      let part = bytes.dropFirst(Int(range.lowerBound)).prefix(range.count)
      hasher.update(part)
      all.update(part)
    case .file(let file):
      var buffer = [UInt8](repeating: 0, count: 1 << 20)
      var position = range.lowerBound
      while position < range.upperBound {
        let wanted = Int(min(Int64(buffer.count), range.upperBound - position))
        let count = try buffer.withUnsafeMutableBytes { buffer in
          let count = try file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: position)
          let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
          hasher.update(piece)
          all.update(piece)
          return count
        }
        guard count == wanted else {
          throw ObjectStoreError.fileUnusable(path: file.path, reason: "it became shorter")
        }
        position += Int64(count)
      }
    }
    return hasher.finalize()
  }
}

extension ObjectStore {
  /// What became of an object that was to be stored.
  public enum PutOutcome: Sendable {
    /// The bytes are there now.
    case stored
    /// An object of that key was there.
    case alreadyThere
  }

  /// Stores an object; in parts when it is larger than ``Options/partSize``. Nobody sees it before it is
  /// complete.
  /// - Parameter ifAbsent: Leaves an object that is there as it is. On a store that knows no conditions,
  ///   it is replaced.
  /// - Throws: ``ObjectStoreError``.
  @discardableResult
  public func put(
    _ key: String, _ content: ObjectContent, ifAbsent: Bool = true,
    cancellation: TransferCancellation? = nil
  ) throws -> PutOutcome {
    if content.size > max(options.partSize, 5 << 20) {
      return try putInParts(key, content, ifAbsent: ifAbsent, cancellation: cancellation)
    }
    return try conditionally(ifAbsent) { headers throws(ObjectStoreError) in
      try perform(
        Call(
          method: .put, key: key, headers: headers, body: content.body(0..<content.size),
          payload: content.digest.hex, action: .write),
        accepting: [200, 201, 204, 412, 501], cancellation: cancellation)
    }
  }

  /// Removes an object; one that is not there is removed already.
  /// - Throws: ``ObjectStoreError``.
  public func delete(_ key: String) throws(ObjectStoreError) {
    _ = try perform(
      Call(method: .delete, key: key, action: .delete), accepting: [200, 204, 404])
  }

  /// Makes a request with `If-None-Match: *`, or without where the store does not know that.
  func conditionally(
    _ ifAbsent: Bool, _ send: ([String: String]) throws(ObjectStoreError) -> TransferResponse
  ) throws(ObjectStoreError) -> PutOutcome {
    let isConditional = ifAbsent && sendsConditions.load(ordering: .relaxed)
    let response = try send(isConditional ? ["if-none-match": "*"] : [:])
    switch response.head.status {
    // An attempt whose answer was lost may have been the one that put it there.
    case 412 where isConditional: return .alreadyThere
    case 501 where isConditional:
      sendsConditions.store(false, ordering: .relaxed)
      return try conditionally(ifAbsent, send)
    case 412, 501: throw unexpected("status \(response.head.status)")
    default: return .stored
    }
  }
}
