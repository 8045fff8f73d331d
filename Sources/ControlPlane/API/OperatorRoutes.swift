import Foundation
import HTTPServer
import HTTPTypes
import Inputs
import JobContract
import ServiceAPI
import Store

extension API {
  /// What operators see and do from day to day.
  func addOperatorRoutes(to routes: inout RouteTable) {
    onList("/status", access: .operator, in: &routes) { request, _, _ in
      let owner = try request.queryValue("by").map { text in
        guard let owner = DiskOwner(rawValue: text) else {
          let known = DiskOwner.allCases.map(\.rawValue).joined(separator: ", ")
          throw JSONBody.invalid("must be one of \(known)", param: "by")
        }
        return owner
      }
      return try .json(.ok, StatusResource(store, by: owner, limit: Self.limit(request)))
    }
    onList("/users", access: .operator, in: &routes) { request, _, _ in
      let days = try Self.count(request, "not_seen_for", otherwise: 0, in: 1...36_500)
      let page = try store.users(
        UserFilter(notSeenFor: days > 0 ? TimeInterval(days) * 86_400 : nil),
        after: request.queryValue("after").map { try UserID($0) }, limit: Self.limit(request))
      return try .json(
        .ok,
        ListResource(
          page.elements.map { ListedUserResource($0) }, hasMore: page.hasMore,
          lastID: page.elements.last?.id.text))
    }
    routes.on(.post, "/queue/pause", access: .operator) { _, _, _ in try pause(true) }
    routes.on(.post, "/queue/resume", access: .operator) { _, _, _ in try pause(false) }
  }

  private func pause(_ isPaused: Bool) throws -> Response {
    if try store.setQueuePaused(isPaused) {
      logger.notice(isPaused ? "the queue is paused" : "the queue goes on")
    }
    if !isPaused { runner.wake() }
    return try .json(.ok, QueueResource(store))
  }
}

extension QueueResource {
  /// Whether the workers of a store take jobs.
  package init(_ store: any CompleteStore) throws {
    self.init(pausedSince: try store.queuePaused().map(API.seconds))
  }
}

extension ListedUserResource {
  /// A user as the store lists them.
  package init(_ user: UserSummary) {
    self.init(
      id: user.id.text, createdAt: API.seconds(user.createdAt), seenAt: API.seconds(user.seenAt),
      models: user.models, bytes: user.bytes)
  }
}

extension StatusResource {
  /// What a store holds and what is done with it.
  /// - Parameters:
  ///   - owner: whose the bytes of models are; nil leaves that out.
  ///   - limit: of those at most so many.
  package init(_ store: any CompleteStore, by owner: DiskOwner?, limit: Int) throws {
    let backlog = try store.backlog()
    let paused = try store.queuePaused().map(API.seconds)
    let held = try store.jobs(JobFilter(status: .running), after: nil, limit: 100).elements
    let counts = try store.statistics()
    let sizes = try store.storedSizes()
    let file = try store.fileStatistics()
    let time = try store.currentTime()
    self.init(
      version: ProgramVersion.number, schema: store.schemaVersion,
      queue: Queue(
        paused: paused != nil, pausedSince: paused, queued: backlog.queued,
        running: backlog.running, oldestJob: backlog.oldest?.rawValue,
        oldestAge: Int(clamped: backlog.oldestAge.rounded(.down))),
      workers: held.map { Worker($0, at: time) },
      jobs: Dictionary(uniqueKeysWithValues: counts.jobs.map { ($0.key.rawValue, $0.value) }),
      users: counts.users, models: counts.models,
      bytes: Bytes(
        models: sizes.models, baseModels: sizes.baseModels, checkpoints: sizes.checkpoints,
        blobs: counts.blobBytes, database: counts.databaseBytes, log: file?.logBytes,
        free: file?.freeBytes),
      use: try owner.map { owner in
        try store.diskUse(by: owner, limit: limit).map {
          Use(name: $0.name, models: $0.models, bytes: $0.bytes)
        }
      })
  }
}

extension StatusResource.Worker {
  /// A job that nobody has taken from a silent worker yet still names it.
  fileprivate init(_ job: JobRecord, at time: Date) {
    let isAlive = job.leaseExpiresAt.map { $0 > time } ?? false
    let progress = job.progress.flatMap {
      try? JSONDecoder().decode(JobResource.Progress.self, from: $0)
    }
    self.init(
      name: isAlive ? job.leaseOwner : nil, job: job.id.rawValue, attempt: job.attempt,
      startedAt: job.startedAt.map(API.seconds), stage: progress?.stage,
      fraction: progress?.fraction, leaseExpiresAt: job.leaseExpiresAt.map(API.seconds))
  }
}
