import Digests
import Foundation
import Glibc
import Store
import Transfers

/// The bytes of blobs as objects `blobs/ab/abcd…/GENERATION`, whose names begin with their SHA-256.
public struct ObjectBlobs: BlobBytes {
  private static let folder = "blobs/"
  /// Chunks in memory for all downloads together, 1 MiB each.
  private static let sharedChunks = 64

  private let store: ObjectStore
  private let shared = ChunkWindow(capacity: sharedChunks)

  /// Blobs in a store.
  public init(_ store: ObjectStore) { self.store = store }

  /// See ``BlobBytes/write(_:to:)``.
  public func write(_ bytes: SpooledBytes, to place: BlobPlace) throws {
    try Self.neutrally {
      let content: ObjectContent
      switch bytes.content {
      case .memory(let data): content = ObjectContent(data, digest: bytes.digest)
      case .file(let descriptor):
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else {
          throw ObjectStoreError.fileUnusable(
            path: "of an upload", reason: String(cString: strerror(errno)))
        }
        content = ObjectContent(
          BodyFile(taking: own, path: "of an upload"), size: bytes.size, digest: bytes.digest)
      }
      // Nobody else's place, so nothing is there.
      try store.put(Self.key(place), content, ifAbsent: false)
    }
  }

  /// See ``BlobBytes/reader(of:size:)``.
  public func reader(of place: BlobPlace, size: Int64) -> BlobReader {
    let source = ChunkWindow.Source(place: place, size: size) { [store] range, consume in
      try Self.neutrally {
        do {
          try store.read(Self.key(place), range, into: consume)
        } catch ObjectStoreError.objectMissing {
          throw StoreError.notFound(.blob, place.digest.hex)
        } catch ObjectStoreError.rangeOutOfBounds, ObjectStoreError.objectDamaged {
          throw StoreError.blobCorrupt(place.digest)
        }
      }
    }
    return BlobReader(
      blob: BlobRecord(digest: place.digest, size: size), chunkSize: ChunkWindow.chunkSize,
      readChunk: { [shared] in try shared.chunk($0, of: source) },
      readRange: { range, consume in
        try source.read(range) { piece in try consume(Data(piece)) }
      })
  }

  /// See ``BlobBytes/remove(_:)``.
  public func remove(_ place: BlobPlace) throws {
    try Self.neutrally { try store.delete(Self.key(place)) }
  }

  /// See ``BlobBytes/places(after:)``.
  public func places(after next: String?) throws -> (places: [BlobPlace], next: String?) {
    let page = try Self.neutrally { try store.list(Self.folder, after: next) }
    return (
      page.objects.compactMap { BlobPlace(name: String($0.key.dropFirst(Self.folder.count))) },
      page.next
    )
  }

  /// See ``BlobBytes/removeUnfinished(olderThan:)``.
  @discardableResult
  public func removeUnfinished(olderThan age: Double) throws -> Int {
    try Self.neutrally {
      let uploads = try store.unfinishedUploads(begunBefore: store.options.clock() - age)
        .filter { $0.key.hasPrefix(Self.folder) }
      for upload in uploads { try store.abort(upload) }
      return uploads.count
    }
  }

  /// See ``BlobBytes/address(of:for:answering:)``.
  public func address(
    of place: BlobPlace, for seconds: Int, answering headers: [String: String]
  ) -> String? {
    store.presignedURL(of: Self.key(place), for: seconds, answering: headers)
  }

  /// See ``BlobBytes/condition``.
  public var condition: BytesCondition {
    guard store.isUsable.load(ordering: .relaxed) else { return .unusable }
    return store.sendsConditions.load(ordering: .relaxed) ? .usable : .usableWithoutConditions
  }

  /// See ``BlobBytes/require()``.
  public func require() throws { try Self.neutrally { try store.require() } }

  /// See ``BlobBytes/requireOwner()``.
  public func requireOwner() throws { try Self.neutrally { try store.requireOwner() } }

  /// What goes wrong as errors that all stores have.
  private static func neutrally<Value>(_ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as ObjectStoreError {
      throw error.isOfStore
        ? StoreError.bytesUnavailable(reason: error.description)
        : StoreError.failed(reason: error.description)
    }
  }

  private static func key(_ place: BlobPlace) -> String { folder + place.name }
}
