import Foundation
import HTTPServer
import HTTPTypes
import ServiceAPI
import Store

extension API {
  func addJobRoutes(to router: inout Router) {
    on(.get, "/jobs", in: &router) { request, _ in
      let filter = JobFilter(
        user: try request.queryValue("user").map { try UserID($0) },
        status: try request.queryValue("status").map { text in
          guard let status = JobStatus(rawValue: text) else {
            let known = JobStatus.allCases.map(\.rawValue).joined(separator: ", ")
            throw JSONBody.invalid("must be one of \(known)", param: "status")
          }
          return status
        })
      let page = try store.jobs(
        filter, after: Self.after(request, as: JobID.self), limit: Self.limit(request))
      return try .json(
        .ok,
        ListResource(
          page.elements.map(Self.resource), hasMore: page.hasMore,
          lastID: page.elements.last?.id.rawValue))
    }
    on(.get, "/jobs/{job}", in: &router) { _, parameters in
      try .json(.ok, Self.resource(store.job(Self.identifier("job", in: parameters))))
    }
    on(.post, "/jobs/{job}/cancel", in: &router) { _, parameters in
      let id: JobID = try Self.identifier("job", in: parameters)
      let job = try store.requestCancel(id)
      runner.cancel(id)
      return try .json(job.status.isFinished ? .ok : .accepted, Self.resource(job))
    }
  }

  static func resource(_ job: JobRecord) -> JobResource {
    let progress = job.progress.flatMap {
      try? JSONDecoder().decode(JobResource.Progress.self, from: $0)
    }
    return JobResource(
      id: job.id.rawValue, user: job.owner?.text, status: job.status.rawValue,
      createdAt: seconds(job.createdAt), startedAt: job.startedAt.map(seconds),
      finishedAt: job.finishedAt.map(seconds), progress: progress,
      estimatedFinish: estimatedFinish(job, progress), attempt: job.attempt,
      error: job.error.flatMap { try? JSONDecoder().decode(JobResource.Failure.self, from: $0) },
      resultModel: job.resultModel?.rawValue, baseModel: job.baseModel,
      classes: json(job.profile), recipe: json(job.recipe), seed: job.seed,
      metadata: json(job.metadata))
  }

  /// Assumes that the rest takes as long per step as what is done.
  private static func estimatedFinish(_ job: JobRecord, _ progress: JobResource.Progress?) -> Int? {
    guard job.status == .running, let start = job.startedAt, let progress, progress.fraction > 0
    else { return nil }
    let elapsed = Date().timeIntervalSince(start)
    return seconds(start.addingTimeInterval(elapsed / min(1, progress.fraction)))
  }
}
