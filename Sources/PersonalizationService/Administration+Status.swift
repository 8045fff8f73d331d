import ControlPlane
import Foundation
import ServiceAPI
import Store

// What an operator looks at from day to day, server running or not.
extension Administration {
  /// Whose the bytes of models are.
  public typealias Owner = DiskOwner

  /// What there is and what is done with it.
  /// - Parameter owner: Whose the bytes of models are, the 100 who have most; nil leaves that out.
  public func status(by owner: DiskOwner? = nil) throws -> StatusResource {
    try StatusResource(store, by: owner, limit: 100)
  }

  /// A status for people.
  public static func text(_ status: StatusResource) -> String {
    let queue = status.queue
    var lines = ["version \(status.version), schema \(status.schema)"]
    if let since = queue.pausedSince {
      lines.append(
        "queue: paused since \(date(since)): no job begins until crisp-server queue resume")
    }
    let oldest = queue.oldestJob.map { ", the oldest \($0) for \(queue.oldestAge) s" } ?? ""
    lines.append("queue: \(queue.queued) waiting\(oldest); \(queue.running) running")
    lines += status.workers.map { worker in
      let progress = [worker.stage, worker.fraction.map { "\(Int(min(1, max(0, $0)) * 100)) %" }]
        .compactMap(\.self).joined(separator: " ")
      return "worker \(worker.name ?? "that died"): \(worker.job), attempt \(worker.attempt)"
        + (progress.isEmpty ? "" : ", \(progress)")
        + (worker.startedAt.map { ", since \(date($0))" } ?? "")
    }
    if status.workers.isEmpty { lines.append("workers: none holds a job") }
    let jobs = JobStatus.allCases.map { "\(status.jobs[$0.rawValue] ?? 0) \($0.rawValue)" }
    lines.append("jobs: \(jobs.joined(separator: ", "))")
    lines.append("users: \(status.users)")
    let bytes = status.bytes
    lines.append("models: \(status.models), \(bytes.models) bytes in all formats")
    lines.append("base models: \(bytes.baseModels) bytes")
    lines.append("checkpoints: \(bytes.checkpoints) bytes")
    lines.append(
      "database: \(bytes.database) bytes"
        + (bytes.free.map { ", \($0) of them free for what comes" } ?? "")
        + (bytes.log.map { ", and \($0) of log" } ?? ""))
    for use in status.use ?? [] {
      lines.append("\(use.name): \(use.models) models, \(use.bytes) bytes")
    }
    return lines.joined(separator: "\n")
  }

  /// Users in the order of their ids.
  /// - Parameters:
  ///   - notSeenFor: only those who asked for nothing and used no token for so many seconds.
  ///   - limit: so many at most.
  public func users(notSeenFor: TimeInterval? = nil, limit: Int) throws -> [ListedUserResource] {
    var found: [ListedUserResource] = []
    var last: UserID?
    while found.count < limit {
      let page = try store.users(
        UserFilter(notSeenFor: notSeenFor), after: last, limit: min(1000, limit - found.count))
      found += page.elements.map { ListedUserResource($0) }
      last = page.elements.last?.id
      guard page.hasMore else { break }
    }
    return found
  }

  /// A user for people.
  public static func text(_ user: ListedUserResource) -> String {
    "\(user.id)  last seen \(date(user.seenAt))  \(user.models) models  \(user.bytes) bytes"
  }

  /// What became, or would become, of users' models that nobody uses.
  public struct ModelRemoval: Encodable, Sendable {
    /// Whether it was done.
    public var removed: Bool
    /// Models that are deleted: nobody else has them.
    public var deleted = 0
    /// Models that other users keep.
    public var left = 0
    /// Bytes of those that are deleted. What several of the users have counts once, and goes when nobody else
    /// has it.
    public var bytes: Int64 = 0

    /// The same for people.
    public var text: String {
      let others =
        left > 0 ? "; \(left) that others have, too, \(removed ? "were" : "would be") left" : ""
      return removed
        ? "deleted \(deleted) models, \(bytes) bytes\(others)"
        : "would delete \(deleted) models, \(bytes) bytes\(others); --yes does it"
    }
  }

  private static let modelsAtOnce = 1000

  /// Takes from users their models that nobody used for so many seconds either.
  /// - Parameter really: whether to do it, or only to count.
  public func removeModels(
    of users: [ListedUserResource], unusedFor age: TimeInterval, really: Bool
  ) throws -> ModelRemoval {
    var removal = ModelRemoval(removed: really)
    // How many have what is shared when these users do not any more.
    var left: [ModelID: Int] = [:]
    for user in users {
      let id = try UserID(user.id)
      var last: ModelID?
      while true {
        let models = try store.models(
          of: id, unusedFor: age, after: last, limit: Self.modelsAtOnce)
        for model in models {
          let others = (left[model.id] ?? model.owners) - 1
          let isGone: Bool
          do {
            isGone = try really ? store.removeModel(model.id, from: id) : others <= 0
          } catch StoreError.notFound(.model, _) {
            // Somebody was faster.
            continue
          }
          if isGone {
            removal.deleted += 1
            removal.bytes += model.bytes
            left[model.id] = nil
          } else {
            left[model.id] = others
          }
        }
        guard models.count == Self.modelsAtOnce else { break }
        // What was removed is not met again.
        last = really ? nil : models.last?.id
      }
    }
    removal.left = left.count
    return removal
  }

  static func date(_ seconds: Int) -> String {
    Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
  }
}
