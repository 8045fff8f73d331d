import HTTPServer
import HTTPTypes
import Inputs
import JobContract
import Pruning
import ServiceAPI

extension JobEstimator {
  /// Refuses what is expected to cost more than one job may.
  /// - Throws: `ProblemDetails` 422 `job_too_large` with the fields that drive it and the estimate.
  func check(_ estimate: RunEstimate) throws {
    let excesses = limits.excesses(of: estimate)
    guard let first = excesses.first else { return }
    let parts = excesses.map { excess in
      "\(Self.text(excess.estimated, excess.resource)), of "
        + "\(Self.text(excess.allowed, excess.resource)) that one job may take"
    }
    let fields = excesses.flatMap(\.fields).reduce(into: [String]()) { list, field in
      if !list.contains(field) { list.append(field) }
    }
    let resource = EstimateResource(estimate, limits: limits, baseModel: nil)
    throw ProblemDetails(
      .unprocessableContent, code: "job_too_large",
      detail: "the job is too large: it would take about \(parts.joined(separator: ", and about "))"
        + (fields.isEmpty ? "" : "; what drives it: \(fields.joined(separator: ", "))"),
      param: first.fields.first,
      extensions: [
        "fields": .strings(fields),
        "estimate": .object([
          "steps": .integer(Int64(resource.estimate.steps)),
          "seconds": .integer(Int64(Int(clamped: resource.estimate.seconds.rounded(.up)))),
          "memory_bytes": .integer(Int64(resource.estimate.memoryBytes)),
          "disk_bytes": .integer(Int64(resource.estimate.diskBytes)),
          "measured": .boolean(resource.estimate.isMeasured),
        ]),
        "exceeds": .array(
          resource.exceeds.map { excess in
            .object([
              "limit": .string(excess.limit), "fields": .strings(excess.fields),
              "estimated": .integer(Int64(Int(clamped: excess.estimated.rounded(.up)))),
              "allowed": .integer(Int64(Int(clamped: excess.allowed.rounded(.down)))),
            ])
          }),
      ])
  }
}
