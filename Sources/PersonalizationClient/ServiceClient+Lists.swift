import Foundation
import ServiceAPI

extension ServiceClient {
  /// The newest jobs, 100 at most.
  /// - Parameters:
  ///   - user: whose; nil is all that the caller may see.
  ///   - status: `queued`, `running`, `succeeded`, `failed` or `cancelled`; nil is any.
  public func jobs(user: String? = nil, status: String? = nil, limit: Int = 20) async throws
    -> ListResource<JobResource>
  {
    try await decoded(
      request(["jobs"], query: [("user", user), ("status", status), ("limit", "\(limit)")]))
  }

  /// The newest models, 100 at most.
  /// - Parameter user: whose; nil is all that the caller may see.
  public func models(user: String? = nil, limit: Int = 20) async throws
    -> ListResource<ModelResource>
  {
    try await decoded(request(["models"], query: [("user", user), ("limit", "\(limit)")]))
  }

  /// Cancels a job, or leaves one that others wait for, too; the job as it is then. One that runs ends at
  /// its next batch.
  public func cancel(_ job: String) async throws -> JobResource {
    var request = request(["jobs", job, "cancel"])
    request.method = .post
    return try await decoded(request)
  }

  /// Deletes a model, or takes it from a user: others who have it keep it.
  /// - Parameter user: whose; nil is the caller, and for an operator everyone.
  public func delete(model: String, user: String? = nil) async throws {
    var request = request(["models", model], query: [("user", user)])
    request.method = .delete
    try await done(request)
  }
}
