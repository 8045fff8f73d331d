import Datasets
import Digests
import Foundation
import Glibc
import Store

/// Puts data sets' files into a store as blobs, and takes them out again: how whoever has the store gets
/// them, on whichever machine.
package enum StoredDataset {
  /// Puts the files at a path into the store, and registers the data set with them.
  /// - Parameters:
  ///   - dataset: As it would be registered by its path.
  ///   - told: Called after each piece with bytes so far and bytes in all; what it throws ends the sending.
  /// - Throws: `DatasetError`, `StoreError`.
  package static func register(
    _ dataset: DatasetRecord, in store: any CompleteStore,
    told: (_ bytes: Int64, _ of: Int64) throws -> Void = { _, _ in }
  ) throws -> DatasetRecord {
    var attempt = 1
    while true {
      let manifest = try put(dataset.path, into: store, told: told)
      // What was read twice, once for its digest, has to be the same still.
      guard try DatasetManifest.files(at: dataset.path).files == manifest.files else {
        throw DatasetError.malformed(
          file: dataset.path, reason: "it changed while it was stored: do it again")
      }
      var record = dataset
      record.manifest = try store.put(manifest.text).digest
      do {
        return try store.addDataset(record, pieces: manifest.pieces.map(\.digest)).record
      } catch StoreError.notFound(.blob, _) where attempt < 3 {
        // It took so long that pieces nobody referred to were collected. Those that are there still are not
        // sent again.
        attempt += 1
      }
    }
  }

  private static func put(
    _ path: String, into store: any CompleteStore, told: (Int64, Int64) throws -> Void
  ) throws -> DatasetManifest {
    let (isFile, files) = try DatasetManifest.files(at: path)
    let total = files.reduce(0) { $0 + $1.size }
    var pieces: [DatasetManifest.Piece] = []
    var piece = Data()
    var done: Int64 = 0
    func send() throws {
      guard !piece.isEmpty else { return }
      let blob = try store.put(piece)
      pieces.append(DatasetManifest.Piece(digest: blob.digest, size: blob.size))
      done += blob.size
      try told(done, total)
      piece.removeAll(keepingCapacity: true)
    }
    for file in files {
      let name = isFile ? path : "\(path)/\(file.path)"
      guard let handle = FileHandle(forReadingAtPath: name) else {
        throw DatasetError.unreadable(file: name, reason: String(cString: strerror(errno)))
      }
      defer { try? handle.close() }
      var rest = file.size
      while rest > 0 {
        let room = DatasetManifest.pieceSize - Int64(piece.count)
        let bytes: Data?
        do { bytes = try handle.read(upToCount: Int(min(rest, room, 1 << 20))) } catch {
          throw DatasetError.unreadable(file: name, reason: error.localizedDescription)
        }
        guard let bytes, !bytes.isEmpty else {
          throw DatasetError.unreadable(file: name, reason: "it became shorter")
        }
        piece.append(bytes)
        rest -= Int64(bytes.count)
        if Int64(piece.count) == DatasetManifest.pieceSize { try send() }
      }
    }
    try send()
    return DatasetManifest(isFile: isFile, files: files, pieces: pieces)
  }

  /// The list of a data set's files.
  /// - Throws: `DatasetError`, `StoreError`.
  package static func manifest(_ digest: SHA256Digest, in store: any CompleteStore) throws
    -> DatasetManifest
  {
    let reader = try store.open(digest)
    guard reader.size <= DatasetManifest.longestText else { throw StoreError.blobCorrupt(digest) }
    return try DatasetManifest(text: reader.whole())
  }

  /// Writes the files into an empty folder, each piece after its digest was compared.
  /// - Parameter checkCancellation: Called before each piece; what it throws ends the writing.
  /// - Throws: `StoreError`, ``StoreError/cacheUnusable(path:reason:)`` for what is this machine's.
  package static func unpack(
    _ manifest: DatasetManifest, from store: any CompleteStore, into folder: String,
    checkCancellation: () throws -> Void
  ) throws {
    var pieces = manifest.pieces.makeIterator()
    var piece = Data()
    var made: Set<String> = []
    for file in manifest.files {
      let parent = file.path.split(separator: "/").dropLast().joined(separator: "/")
      if !parent.isEmpty, made.insert(parent).inserted {
        do {
          try FileManager.default.createDirectory(
            atPath: "\(folder)/\(parent)", withIntermediateDirectories: true)
        } catch { throw failure(file, folder) }
      }
      let descriptor = open(
        "\(folder)/\(file.path)", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw failure(file, folder) }
      defer { close(descriptor) }
      var rest = file.size
      while rest > 0 {
        if piece.isEmpty {
          try checkCancellation()
          guard let next = pieces.next() else {
            throw StoreError.failed(reason: "a piece is missing")
          }
          let reader = try store.open(next.digest)
          guard reader.size == next.size else { throw StoreError.blobCorrupt(next.digest) }
          piece = try reader.whole()
        }
        let part = piece.prefix(Int(min(rest, Int64(piece.count))))
        guard write(part, to: descriptor) else { throw failure(file, folder) }
        piece = piece.dropFirst(part.count)
        rest -= Int64(part.count)
      }
      // As they were: readers tell by them that nothing has changed.
      let time = timespec(
        tv_sec: file.modified.seconds, tv_nsec: file.modified.nanoseconds)
      guard futimens(descriptor, [time, time]) == 0 else { throw failure(file, folder) }
    }
  }

  private static func write(_ bytes: Data, to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest)
        let count = Glibc.write(descriptor, piece.baseAddress, piece.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
  }

  private static func failure(_ file: DatasetManifest.File, _ folder: String) -> StoreError {
    .cacheUnusable(path: "\(folder)/\(file.path)", reason: String(cString: strerror(errno)))
  }
}
