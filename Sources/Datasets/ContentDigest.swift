import Digests
import Dispatch
import Foundation
import Synchronization

/// The identity of a data set's content, computed once and only when asked for: over files it
/// reads every one of them.
final class ContentDigest: Sendable {
  private let classes: [String]
  private let sources: [ImageSource]
  private let known = Mutex<SHA256Digest?>(nil)

  init(classes: [String], sources: [ImageSource]) {
    self.classes = classes
    self.sources = sources
  }

  func trust(_ digest: SHA256Digest) { known.withLock { $0 = digest } }

  /// What `checkCancellation` throws ends the reading; the next caller begins anew.
  func value(checkCancellation: () throws -> Void) throws -> SHA256Digest {
    // Held while computing: two callers must not both read everything.
    let result = known.withLock { known in
      Result { () throws in
        if let known { return known }
        let digest = try compute(checkCancellation)
        known = digest
        return digest
      }
    }
    return try result.get()
  }

  func value() throws(DatasetError) -> SHA256Digest {
    do { return try value {} } catch let error as DatasetError { throw error } catch {
      throw .unreadable(file: "", reason: "\(error)")
    }
  }

  private func compute(_ checkCancellation: () throws -> Void) throws -> SHA256Digest {
    var hasher = SHA256()
    for name in classes { hasher.update(Array("\(name)\u{0}".utf8)) }
    for source in sources {
      switch source {
      case .memory(let images):
        hasher.update(Array("\(images.count) \(images.shape)\n".utf8))
        hasher.update(images.pixels)
        hasher.update(images.labels.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8 & 0xff)] })
      case .files(let files):
        hasher.update(Array("\(files.labels.count) files\n".utf8))
        // Bounded rounds: a million digests at once would be no use.
        for start in stride(from: 0, to: files.labels.count, by: Self.round) {
          try checkCancellation()
          let range = start..<min(start + Self.round, files.labels.count)
          for (index, digest) in zip(range, try Self.digests(of: files, range)) {
            hasher.update(
              Array("\(files.relativePath(index))\u{0}\(files.labels[index])\u{0}".utf8))
            hasher.update(digest.bytes)
          }
        }
      }
    }
    return hasher.finalize()
  }

  private static let round = 1024

  private static func digests(of files: ImageFiles, _ range: Range<Int>) throws(DatasetError)
    -> [SHA256Digest]
  {
    let found = DecodePool.map(range.count) { offset -> Result<SHA256Digest, DatasetError> in
      let path = files.path(range.lowerBound + offset)
      do {
        return .success(try SHA256.digest(ofFile: path))
      } catch {
        return .failure(.unreadable(file: path, reason: "\(error)"))
      }
    }
    var digests: [SHA256Digest] = []
    for result in found { digests.append(try result.get()) }
    return digests
  }
}
