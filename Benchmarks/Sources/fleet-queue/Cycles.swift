import Dispatch
import Foundation
import PostgresStore
import Store
import Synchronization

/// Cycles of claim, heartbeat and publish of empty jobs, by threads that do nothing else.
struct Cycles {
  let store: PostgresStore
  let workers: Int

  func run(seconds: Double) throws {
    // Each has its own, as real ones have: many who refer to one row at once get in each other's way.
    let blobs = try (0..<workers).map { try store.put(Data("no model of \($0)".utf8)).digest }
    let times = Mutex<(claims: [Double], cycles: [Double])>(([], []))
    let failure = Mutex<(any Error)?>(nil)
    let start = ContinuousClock.now
    let end = start + .seconds(seconds)
    let group = DispatchGroup()
    for worker in 0..<workers {
      let thread = Thread {
        defer { group.leave() }
        do {
          var mine: (claims: [Double], cycles: [Double]) = ([], [])
          while ContinuousClock.now < end {
            let begin = ContinuousClock.now
            guard let job = try store.claim(worker: "\(worker)", lease: 30) else { break }
            mine.claims.append((ContinuousClock.now - begin) / .milliseconds(1))
            _ = try store.heartbeat(job.id, attempt: job.attempt, worker: "\(worker)", lease: 30)
            _ = try store.publish(
              job.id, attempt: job.attempt,
              model: NewModel(blob: blobs[worker], labels: ["a"], card: Data("{}".utf8)))
            mine.cycles.append((ContinuousClock.now - begin) / .milliseconds(1))
          }
          times.withLock {
            $0.claims += mine.claims
            $0.cycles += mine.cycles
          }
        } catch { failure.withLock { $0 = error } }
      }
      group.enter()
      thread.start()
    }
    group.wait()
    if let error = failure.withLock({ $0 }) { throw error }
    let taken = (ContinuousClock.now - start) / .seconds(1)
    let (claims, cycles) = times.withLock { ($0.claims.sorted(), $0.cycles.sorted()) }
    func at(_ share: Double, _ sorted: [Double]) -> Double {
      sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }
    print(
      String(
        format:
          #"{"cycles": %d, "seconds": %.2f, "rate": %.1f, "claim_p50": %.2f, "claim_p99": %.2f, "cycle_p50": %.2f, "cycle_p99": %.2f}"#,
        cycles.count, taken, Double(cycles.count) / taken, at(0.5, claims), at(0.99, claims),
        at(0.5, cycles), at(0.99, cycles)))
  }
}
