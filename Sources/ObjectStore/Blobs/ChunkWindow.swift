import Foundation
import Store
import Synchronization

/// Chunks of objects that were read last. Whoever reads one after the other is served ahead: four chunks
/// come with one request, which a store answers three times as fast as four.
///
/// Two callers may read the same chunk at once; neither waits for the other.
final class ChunkWindow: Sendable {
  private struct Key: Hashable {
    let place: BlobPlace
    let index: Int64
  }

  private struct State {
    var chunks: [Key: (bytes: Data, use: UInt64)] = [:]
    var uses: UInt64 = 0
  }

  /// Bytes of a chunk.
  static let chunkSize: Int64 = 1 << 20
  private static let ahead: Int64 = 4

  private let capacity: Int
  private let state = Mutex(State())

  /// - Parameter capacity: Chunks that stay.
  init(capacity: Int) { self.capacity = max(Int(Self.ahead), capacity) }

  /// - Parameters:
  ///   - index: Counts from zero, and lies within `size`.
  ///   - size: Bytes of the object.
  ///   - read: Hands over the bytes of a range.
  func chunk(
    _ index: Int64, of place: BlobPlace, size: Int64,
    read: (Range<Int64>, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> Data {
    let (known, count) = state.withLock { state in
      (Self.find(Key(place: place, index: index), &state), Self.wanted(index, of: place, state))
    }
    if let known { return known }
    let start = index * Self.chunkSize
    let end = min(size, start + count * Self.chunkSize)
    var chunks: [Data] = []
    try read(start..<end) { piece in
      var rest = piece[...]
      while !rest.isEmpty {
        if chunks.last.map({ $0.count == Int(Self.chunkSize) }) ?? true {
          chunks.append(Data(capacity: Int(Self.chunkSize)))
        }
        let last = chunks.count - 1
        let taken = rest.prefix(Int(Self.chunkSize) - chunks[last].count)
        chunks[last].append(contentsOf: taken)
        rest = rest.dropFirst(taken.count)
      }
    }
    state.withLock { state in
      for (number, bytes) in chunks.enumerated().reversed() {
        state.uses += 1
        state.chunks[Key(place: place, index: index + Int64(number))] = (bytes, state.uses)
      }
      while state.chunks.count > capacity,
        let oldest = state.chunks.min(by: { $0.value.use < $1.value.use })
      {
        state.chunks[oldest.key] = nil
      }
    }
    return chunks.first ?? Data()
  }

  private static func find(_ key: Key, _ state: inout State) -> Data? {
    guard let bytes = state.chunks[key]?.bytes else { return nil }
    state.uses += 1
    state.chunks[key]?.use = state.uses
    return bytes
  }

  /// One chunk at first, more for those who go on, none of them twice.
  private static func wanted(_ index: Int64, of place: BlobPlace, _ state: State) -> Int64 {
    guard index > 0, state.chunks[Key(place: place, index: index - 1)] != nil else { return 1 }
    return (1..<ahead).first { state.chunks[Key(place: place, index: index + $0)] != nil } ?? ahead
  }
}
