import Foundation
import HTTPServer
import HTTPTypes
import JobContract
import ServiceAPI
import Store

extension API {
  func addJobRoutes(to routes: inout RouteTable) {
    onList("/jobs", access: .tokenHolder, in: &routes) { request, _, caller in
      let filter = JobFilter(
        user: try Self.scope(request, of: caller),
        status: try request.queryValue("status").map { text in
          guard let status = JobStatus(rawValue: text) else {
            let known = JobStatus.allCases.map(\.rawValue).joined(separator: ", ")
            throw JSONBody.invalid("must be one of \(known)", param: "status")
          }
          return status
        })
      let after = try Self.after(request, as: JobID.self)
      if let after { try gate.show(after, to: caller) }
      let page = try store.jobs(filter, after: after, limit: Self.limit(request))
      return try .json(
        .ok,
        ListResource(
          page.elements.map { try resource($0, for: caller) }, hasMore: page.hasMore,
          lastID: page.elements.last?.id.rawValue))
    }
    routes.on(.get, "/jobs/{job}", access: .requester) { _, parameters, caller in
      let job = try store.job(Self.identifier("job", in: parameters))
      return try .json(.ok, placed(resource(job, for: caller), job))
    }
    routes.on(.post, "/jobs/{job}/cancel", access: .requester) { _, parameters, caller in
      let id: JobID = try Self.identifier("job", in: parameters)
      // Before the user leaves: nobody knows afterwards.
      let asked = try asked(id, by: caller)
      let job = try cancel(id, for: caller)
      return try .json(
        job.status.isFinished ? .ok : .accepted, Self.resource(job, for: caller, asked: asked))
    }
    addRetryRoute(to: &routes)
  }

  /// `POST /jobs/{job}/retry`
  func addRetryRoute(to routes: inout RouteTable) {
    routes.on(.post, "/jobs/{job}/retry", access: .requester) { request, parameters, caller in
      let job = try store.job(Self.identifier("job", in: parameters))
      guard job.status == .failed || job.status == .cancelled else {
        throw ProblemDetails(
          .conflict, code: "job_not_failed",
          detail: "the job is \(job.status.rawValue); only failed and cancelled jobs are asked for "
            + "again")
      }
      let asking: UserID? = if case .user(let user) = caller { user } else { job.owner }
      guard let user = asking else {
        throw ProblemDetails(
          .conflict, code: "job_not_failed", detail: "nobody asks for this job any more")
      }
      try limitRate(of: user, request)
      return lanes.requests.response(for: try party(caller, request, user)) { _ in
        let job = try retry(job, of: request, user: user, for: caller)
        return try .json(
          job.isFinished ? .ok : .accepted, job, headers: [.location: "/jobs/\(job.id)"])
      }
    }
  }

  /// The resource with the job's place in the queue.
  func placed(_ resource: JobResource, _ job: JobRecord) throws -> JobResource {
    guard job.status == .queued else { return resource }
    var placed = resource
    placed.position = try store.position(of: job.id)
    placed.paused = try store.queuePaused() != nil
    return placed
  }

  /// An operator stops a job for everyone; a user leaves it, and others who wait keep it.
  private func cancel(_ id: JobID, for caller: Caller) throws -> JobRecord {
    let job: JobRecord
    if case .user(let user) = caller {
      job = try store.withdraw(user, from: id)
    } else {
      job = try store.requestCancel(id)
    }
    if job.isCancelRequested || job.status == .cancelled { runner.cancel(id) }
    return job
  }

  /// A job as the caller may see it: a user learns of no other user who asked the same.
  /// - Parameter asked: what a user who looks asked for.
  static func resource(
    _ job: JobRecord, for caller: Caller, asked: RequesterRecord?
  ) -> JobResource {
    var user = job.owner
    var metadata = text(job.metadata)
    func shown(_ time: Date) -> Int { seconds(max(time, asked?.addedAt ?? time)) }
    if case .user(let own) = caller {
      if job.owner != own { metadata = JSONText("{}") }
      user = own
    }
    let progress = job.progress.flatMap {
      try? JSONDecoder().decode(JobResource.Progress.self, from: $0)
    }
    return JobResource(
      id: job.id.rawValue, user: user?.text, status: job.status.rawValue,
      priority: JobPriority(storing: asked?.priority ?? job.priority).name,
      createdAt: shown(job.createdAt), startedAt: job.startedAt.map(shown),
      finishedAt: job.finishedAt.map(shown), progress: progress,
      estimatedFinish: estimatedFinish(job, progress),
      estimate: job.runEstimate.map { EstimateFigures($0) }, requires: job.requires,
      attempt: job.attempt,
      error: job.error.flatMap { try? JSONDecoder().decode(JobResource.Failure.self, from: $0) },
      resultModel: job.resultModel?.rawValue, baseModel: job.baseModel,
      classes: .null, classCount: job.classCount, recipe: .null, seed: job.seed, metadata: .null,
      texts: .init(
        classes: text(job.profile), recipe: text(job.recipe), metadata: metadata))
  }

  private static func text(_ document: Data) -> JSONText {
    JSONText(String(decoding: document, as: UTF8.self))
  }

  /// Assumes that the rest takes as long per step as what is done; while that is too little to tell,
  /// that the estimate is right.
  private static func estimatedFinish(_ job: JobRecord, _ progress: JobResource.Progress?) -> Int? {
    guard job.status == .running, let start = job.startedAt else { return nil }
    guard let progress, progress.fraction > 0.02 else {
      return job.runEstimate.map {
        seconds(start.addingTimeInterval(min($0.seconds, 1e9)))
      }
    }
    // The clock may have been set back since.
    let elapsed = max(0, Date().timeIntervalSince(start))
    return seconds(start.addingTimeInterval(elapsed / min(1, progress.fraction)))
  }
}
