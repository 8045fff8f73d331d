import Charts
import Digests
import Dispatch
import Foundation
import PostgresStore
import Store
import Synchronization

/// Very many workers that sleep instead of training, until no job is left, and how fair the order was.
///
/// They share a bounded number of connections, as they would behind PgBouncer. A sleeping worker takes no
/// thread.
final class Drain: Sendable {
  /// How far along it is.
  private struct Point {
    let jobs: Int
    let seconds: Double
    /// Jobs of the user who has had the fewest, and the most.
    let least: Int
    let most: Int
  }

  private struct Claim {
    let seconds: Double
    let owner: String
  }

  private let store: PostgresStore
  private let workers: Int
  private let claims = Mutex<[Claim]>([])
  private let failure = Mutex<(any Error)?>(nil)
  private let group = DispatchGroup()
  private let start = ContinuousClock.now
  // As many threads as connections: all of them do nothing but wait for the database.
  private let queues: [DispatchQueue]

  init(store: PostgresStore, workers: Int) {
    self.store = store
    self.workers = workers
    queues = (0..<min(workers, 48)).map { DispatchQueue(label: "worker.\($0)") }
  }

  /// - Parameter plot: Where to draw the users' shares over time; nil draws nothing.
  func run(milliseconds mean: Double, plot: String?) throws {
    let blob = try store.put(Data("no model".utf8)).digest
    for worker in 0..<workers {
      group.enter()
      queues[worker % queues.count].async { self.next(worker, blob: blob, mean: mean) }
    }
    group.wait()
    if let error = failure.withLock({ $0 }) { throw error }
    let claims = claims.withLock { $0 }.sorted { $0.seconds < $1.seconds }
    let users = Set(claims.map(\.owner)).count
    let points = Self.points(claims)
    if let plot {
      try Self.chart(points, users: users, workers: workers)
        .write(toFile: plot, atomically: true, encoding: .utf8)
    }
    let texts = points.map {
      String(
        format: #"{"jobs": %d, "seconds": %.1f, "least": %d, "most": %d}"#, $0.jobs, $0.seconds,
        $0.least, $0.most)
    }
    print(
      #"{"jobs": \#(claims.count), "users": \#(users), "points": [\#(texts.joined(separator: ", "))]}"#
    )
  }

  private func next(_ worker: Int, blob: SHA256Digest, mean: Double) {
    do {
      guard let job = try store.claim(worker: "\(worker)", lease: 30) else {
        group.leave()
        return
      }
      let now = (ContinuousClock.now - start) / .seconds(1)
      claims.withLock { $0.append(Claim(seconds: now, owner: job.owner?.text ?? "")) }
      // Half to one and a half times the mean, by the job.
      let sleep = mean * (0.5 + Double(job.seed % 1000) / 1000)
      let queue = queues[worker % queues.count]
      queue.asyncAfter(deadline: .now() + .microseconds(Int(sleep * 1000))) { [self] in
        do {
          _ = try store.heartbeat(job.id, attempt: job.attempt, worker: "\(worker)", lease: 30)
          _ = try store.publish(
            job.id, attempt: job.attempt,
            model: NewModel(blob: blob, labels: ["a"], card: Data("{}".utf8)))
          next(worker, blob: blob, mean: mean)
        } catch { end(error) }
      }
    } catch { end(error) }
  }

  private func end(_ error: any Error) {
    failure.withLock { $0 = $0 ?? error }
    group.leave()
  }

  /// Every twentieth of the way.
  private static func points(_ claims: [Claim]) -> [Point] {
    var counts: [String: Int] = [:]
    for claim in claims { counts[claim.owner] = 0 }
    var points: [Point] = []
    for (index, claim) in claims.enumerated() {
      counts[claim.owner, default: 0] += 1
      if (index + 1) % max(1, claims.count / 20) == 0 {
        points.append(
          Point(
            jobs: index + 1, seconds: claim.seconds, least: counts.values.min() ?? 0,
            most: counts.values.max() ?? 0))
      }
    }
    return points
  }

  private static func chart(_ points: [Point], users: Int, workers: Int) -> String {
    LineChart(
      title: "Jobs that each of \(users) users has had",
      subtitle:
        "\(workers) workers; the line is the mean, the whiskers the users with fewest and most",
      horizontal: Axis("seconds"), vertical: Axis("jobs a user"),
      series: [
        LineChart.Series(
          "mean",
          points: points.map {
            LineChart.Point(
              x: $0.seconds, mean: Double($0.jobs) / Double(max(1, users)), low: Double($0.least),
              high: Double($0.most))
          })
      ]
    ).svg()
  }
}
