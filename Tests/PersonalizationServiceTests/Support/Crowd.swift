import Dispatch
import Synchronization

/// Does something many times at once, each on a thread of its own.
enum Crowd {
  /// The results in order; the first error, if there was one.
  static func run<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Value
  ) throws -> [Value] {
    let results = Mutex<[Int: Result<Value, any Error>]>([:])
    let group = DispatchGroup()
    for index in 0..<count {
      // Serial queues get threads of their own, blocks of one concurrent queue share a few.
      DispatchQueue(label: "crowd-\(index)").async(group: group) {
        let result = Result { try body(index) }
        results.withLock { $0[index] = result }
      }
    }
    group.wait()
    return try results.withLock { results in try (0..<count).compactMap { try results[$0]?.get() } }
  }
}
