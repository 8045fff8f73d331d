import Dispatch
import Foundation
import Store
import Synchronization

/// Chunks of objects that were read last, for all who read at once.
///
/// Whoever reads one after the other is served ahead: four chunks come with one request, which a store
/// answers three times as fast as four, and the next four are fetched while the last are on their way to
/// the client. Who needs a chunk that is being fetched waits for that.
final class ChunkWindow: Sendable {
  /// Hands over the bytes of a range.
  typealias Read =
    @Sendable (Range<Int64>, (UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// What is read of which object.
  struct Source: Sendable {
    let place: BlobPlace
    /// Bytes in all.
    let size: Int64
    let read: Read
  }

  private struct Key: Hashable {
    let place: BlobPlace
    let index: Int64
  }

  private struct State {
    var chunks: [Key: (bytes: Data, use: UInt64)] = [:]
    var coming: [Key: DispatchGroup] = [:]
    var uses: UInt64 = 0
    var prefetches = 0
  }

  private enum Decision {
    case known(Data, ahead: Range<Int64>?)
    case coming(DispatchGroup)
    case missing(Range<Int64>, DispatchGroup)
  }

  /// Bytes of a chunk.
  static let chunkSize: Int64 = 1 << 20
  private static let ahead: Int64 = 4
  /// Requests under way that nobody waits for.
  private static let mostPrefetches = 8

  private let capacity: Int
  private let state = Mutex(State())

  /// - Parameter capacity: Chunks that stay.
  init(capacity: Int) { self.capacity = max(3 * Int(Self.ahead), capacity) }

  /// The chunk of an index that counts from zero and lies within the object.
  func chunk(_ index: Int64, of source: Source) throws -> Data {
    while true {
      switch state.withLock({ decide(index, source, &$0) }) {
      case .known(let bytes, let ahead):
        if let ahead { prefetch(ahead, of: source) }
        return bytes
      case .coming(let group):
        // As long as a request to the store may take. If that fails, the next turn is this caller's own.
        group.wait()
      case .missing(let range, let group):
        return try fetch(range, of: source, group).first ?? Data()
      }
    }
  }

  private func decide(_ index: Int64, _ source: Source, _ state: inout State) -> Decision {
    let key = Key(place: source.place, index: index)
    if let bytes = state.chunks[key]?.bytes {
      state.uses += 1
      state.chunks[key]?.use = state.uses
      return .known(bytes, ahead: startPrefetch(after: index, source, &state))
    }
    if let group = state.coming[key] { return .coming(group) }
    // One chunk at first, more for those who go on.
    let isGoingOn = state.chunks[Key(place: source.place, index: index - 1)] != nil
    return start(index..<(index + (isGoingOn ? Self.ahead : 1)), source, &state)
  }

  /// Notes that a range is being fetched, up to what is there or coming already.
  private func start(
    _ wanted: Range<Int64>, _ source: Source, _ state: inout State
  ) -> Decision {
    let count = (source.size + Self.chunkSize - 1) / Self.chunkSize
    let end = wanted.dropFirst().first { index in
      let key = Key(place: source.place, index: index)
      return index >= count || state.chunks[key] != nil || state.coming[key] != nil
    }
    let range = wanted.lowerBound..<(end ?? wanted.upperBound)
    let group = DispatchGroup()
    group.enter()
    for index in range { state.coming[Key(place: source.place, index: index)] = group }
    return .missing(range, group)
  }

  /// What to fetch while the chunk of an index is used, for those who have come there in order.
  private func startPrefetch(
    after index: Int64, _ source: Source, _ state: inout State
  ) -> Range<Int64>? {
    let count = (source.size + Self.chunkSize - 1) / Self.chunkSize
    guard state.prefetches < Self.mostPrefetches, index > 0,
      state.chunks[Key(place: source.place, index: index - 1)] != nil,
      let next = (index + 1..<min(count, index + 1 + 2 * Self.ahead)).first(where: { index in
        let key = Key(place: source.place, index: index)
        return state.chunks[key] == nil && state.coming[key] == nil
      }),
      case .missing(let range, _) = start(next..<(next + Self.ahead), source, &state)
    else { return nil }
    state.prefetches += 1
    return range
  }

  private func prefetch(_ range: Range<Int64>, of source: Source) {
    // A thread of its own: those of Dispatch may all be waiting for this.
    Thread.detachNewThread { [self] in
      let key = Key(place: source.place, index: range.lowerBound)
      if let group = state.withLock({ $0.coming[key] }) {
        // Whoever needs it meets the failure again.
        _ = try? fetch(range, of: source, group)
      }
      state.withLock { $0.prefetches -= 1 }
    }
  }

  private func fetch(
    _ range: Range<Int64>, of source: Source, _ group: DispatchGroup
  ) throws -> [Data] {
    var chunks: [Data] = []
    defer {
      state.withLock { state in
        for index in range { state.coming[Key(place: source.place, index: index)] = nil }
        // All of them, or none that could be incomplete.
        if chunks.count == range.count { keep(chunks, from: range.lowerBound, source, &state) }
      }
      group.leave()
    }
    let start = range.lowerBound * Self.chunkSize
    let end = min(source.size, range.upperBound * Self.chunkSize)
    var filling: [Data] = []
    try source.read(start..<end) { piece in
      var rest = piece[...]
      while !rest.isEmpty {
        if filling.last.map({ $0.count == Int(Self.chunkSize) }) ?? true {
          filling.append(Data(capacity: Int(Self.chunkSize)))
        }
        let last = filling.count - 1
        let taken = rest.prefix(Int(Self.chunkSize) - filling[last].count)
        filling[last].append(contentsOf: taken)
        rest = rest.dropFirst(taken.count)
      }
    }
    chunks = filling
    return chunks
  }

  private func keep(
    _ chunks: [Data], from first: Int64, _ source: Source, _ state: inout State
  ) {
    for (number, bytes) in chunks.enumerated().reversed() {
      state.uses += 1
      state.chunks[Key(place: source.place, index: first + Int64(number))] = (bytes, state.uses)
    }
    while state.chunks.count > capacity,
      let oldest = state.chunks.min(by: { $0.value.use < $1.value.use })
    {
      state.chunks[oldest.key] = nil
    }
  }
}
