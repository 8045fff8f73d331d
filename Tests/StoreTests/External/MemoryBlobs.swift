import Digests
import Foundation
import Store
import Synchronization

/// A process that ended between two steps.
struct Died: Error {}

/// A catalogue in memory, of which blobs are referred to by being told.
final class MemoryCatalog: BlobCatalog {
  private enum Status { case uploading, named, doomed }

  private struct Row {
    let record: BlobRecord
    var status: Status
    var touched: TimeInterval
  }

  private struct State {
    var rows: [BlobPlace: Row] = [:]
    var now: TimeInterval = 0
    var needed: Set<SHA256Digest> = []
  }

  private let state = Mutex(State())

  func advance(_ seconds: TimeInterval) { state.withLock { $0.now += seconds } }
  func need(_ digest: SHA256Digest) { state.withLock { _ = $0.needed.insert(digest) } }
  func letGo(_ digest: SHA256Digest) { state.withLock { _ = $0.needed.remove(digest) } }
  var count: Int { state.withLock { $0.rows.count } }

  /// What a process does that dooms an upload and removes its row at once.
  func expire(_ place: BlobPlace) { state.withLock { $0.rows[place] = nil } }

  func placedBlob(_ digest: SHA256Digest) -> PlacedBlob? {
    state.withLock { state in
      state.rows.first { $0.value.record.digest == digest && $0.value.status == .named }
        .map { PlacedBlob(record: $0.value.record, place: $0.key) }
    }
  }

  func touchBlob(_ digest: SHA256Digest) -> BlobRecord? {
    guard let blob = placedBlob(digest) else { return nil }
    state.withLock { $0.rows[blob.place]?.touched = $0.now }
    return blob.record
  }

  func beginUpload(_ place: BlobPlace, size: Int64) {
    state.withLock {
      $0.rows[place] = Row(
        record: BlobRecord(digest: place.digest, size: size), status: .uploading, touched: $0.now)
    }
  }

  func finishUpload(_ place: BlobPlace) throws -> BlobRecord {
    let first = placedBlob(place.digest)
    return try state.withLock { state in
      guard let row = state.rows[place], row.status == .uploading else {
        throw StoreError.uploadExpired
      }
      state.rows[place]?.status = first == nil ? .named : .doomed
      return first?.record ?? row.record
    }
  }

  func abandonUpload(_ place: BlobPlace) { state.withLock { $0.rows[place]?.status = .doomed } }

  func doomBlobs(olderThan gracePeriod: TimeInterval) -> [BlobRecord] {
    state.withLock { state in
      var doomed: [BlobRecord] = []
      for (place, row) in state.rows
      where row.status != .doomed && row.touched <= state.now - gracePeriod
        && !state.needed.contains(row.record.digest)
      {
        if row.status == .named { doomed.append(row.record) }
        state.rows[place]?.status = .doomed
      }
      return doomed
    }
  }

  func doomedPlaces(limit: Int) -> [BlobPlace] {
    state.withLock { Array($0.rows.filter { $0.value.status == .doomed }.keys.prefix(limit)) }
  }

  func forgetDoomed(_ places: [BlobPlace]) {
    state.withLock { state in for place in places { state.rows[place] = nil } }
  }

  func unknownPlaces(among places: [BlobPlace]) -> [BlobPlace] {
    state.withLock { state in places.filter { state.rows[$0] == nil } }
  }
}

/// Bytes in memory, which do something before or after each step.
final class MemoryBytes: BlobBytes {
  enum Step { case beforeWrite, afterWrite, beforeRemove }

  private let bytes = Mutex<[BlobPlace: Data]>([:])
  private let step = Mutex<(@Sendable (Step, BlobPlace) throws -> Void)?>(nil)

  var places: Set<BlobPlace> { bytes.withLock { Set($0.keys) } }

  func atEachStep(_ body: (@Sendable (Step, BlobPlace) throws -> Void)?) {
    step.withLock { $0 = body }
  }

  private func reach(_ step: Step, _ place: BlobPlace) throws {
    try self.step.withLock { $0 }?(step, place)
  }

  func write(_ spooled: SpooledBytes, to place: BlobPlace) throws {
    try reach(.beforeWrite, place)
    let data: Data
    switch spooled.content {
    case .memory(let memory): data = memory
    case .file(let descriptor):
      data = try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).content()
    }
    bytes.withLock { $0[place] = data }
    try reach(.afterWrite, place)
  }

  func reader(of place: BlobPlace, size: Int64) -> BlobReader {
    BlobReader(blob: BlobRecord(digest: place.digest, size: size), chunkSize: 1 << 20) { index in
      guard let data = self.bytes.withLock({ $0[place] }) else {
        throw StoreError.notFound(.blob, place.digest.hex)
      }
      return data.dropFirst(Int(index) << 20).prefix(1 << 20)
    }
  }

  func remove(_ place: BlobPlace) throws {
    try reach(.beforeRemove, place)
    bytes.withLock { _ = $0.removeValue(forKey: place) }
  }

  func places(after next: String?) -> (places: [BlobPlace], next: String?) {
    // One on each page.
    let all = places.sorted { $0.name < $1.name }
    let first =
      next.flatMap { name in all.firstIndex { $0.name > name } } ?? (next == nil ? 0 : all.count)
    guard first < all.count else { return ([], nil) }
    return ([all[first]], first + 1 < all.count ? all[first].name : nil)
  }

  func removeUnfinished(olderThan age: Double) -> Int { 0 }

  /// Whether another database has the place.
  let isTaken = Atomic(false)

  func requireOwner() throws {
    guard isTaken.load(ordering: .relaxed) else { return }
    throw StoreError.bytesUnavailable(reason: "it is another's")
  }

  func address(
    of place: BlobPlace, for seconds: Int, answering headers: [String: String]
  ) -> String? { "memory:\(place.name)?\(seconds)" }
}

extension FileHandle {
  /// From the beginning.
  fileprivate func content() throws -> Data {
    try seek(toOffset: 0)
    return try readToEnd() ?? Data()
  }
}
