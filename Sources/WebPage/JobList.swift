import Foundation
import ServiceAPI

/// Jobs as a list for people. The script keeps what stands in it up to date.
package struct JobList {
  private let jobs: [JobResource]
  private let hasMore: Bool
  private let isPaused: Bool

  /// The newest jobs, newest first.
  /// - Parameter isPaused: Whether those that wait do so because the operator lets no job begin.
  package init(_ jobs: [JobResource], hasMore: Bool, isPaused: Bool = false) {
    self.isPaused = isPaused
    self.jobs = jobs
    self.hasMore = hasMore
  }

  /// The list.
  package var html: HTML {
    CardList.html(
      jobs.map(item), classes: "cards",
      empty: "No jobs yet. Ask for a model, and follow it here.", hasMore: hasMore)
  }

  private func item(_ job: JobResource) -> HTML {
    let names = Self.classes(job)
    return """
      <li class="card job" id="\(job.id)" data-status="\(job.status)">
      <div class="head"><h3 tabindex="-1">\(names.map(HTML.name).joined(", "))</h3>
      <span class="badge \(job.status)">\(job.status)</span></div>
      <p class="note">\(about(job))</p>
      \(body(job, names.joined(separator: ", ")))
      </li>
      """
  }

  private func about(_ job: JobResource) -> HTML {
    var parts: [HTML] = []
    if let user = job.user { parts.append("for \(.name(user))") }
    parts.append("from \(.name(job.baseModel))")
    if let target = Self.target(job.recipe) { parts.append("\(target)") }
    parts.append(PageText.time(job.createdAt))
    return parts.joined(" · ")
  }

  private func body(_ job: JobResource, _ names: String) -> HTML {
    switch job.status {
    case "succeeded":
      guard let model = job.resultModel else { return "<p>Its model was deleted.</p>" }
      return
        "<p><a href=\"#\(model)\">See the model<span class=\"unseen\"> of \(names)</span></a></p>"
    case "failed": return "<p class=\"error\">\(job.error?.message ?? "It failed.")</p>"
    case "cancelled": return ""
    default:
      let fraction = max(0, min(1, job.progress?.fraction ?? 0))
      return """
        <progress max="1" value="\(String(format: "%.3f", fraction))" \
        aria-label="Progress of \(names)">\(PageText.percent(fraction))</progress>
        <div class="foot"><p class="detail">\(detail(job))</p>
        <button type="button" class="quiet cancel" hidden>Cancel\
        <span class="unseen"> \(names)</span></button></div>
        """
    }
  }

  /// The same words as the script's `detail`, which leaves alone what is said of a job that waits.
  private func detail(_ job: JobResource) -> String {
    guard job.status == "running" else {
      if isPaused { return "paused: the operator lets no job begin" }
      guard let labels = job.requires, !labels.isEmpty else { return "waiting for its turn" }
      return "waiting for a worker with \(labels.joined(separator: ", "))"
    }
    guard let progress = job.progress else { return "starting" }
    var parts = [progress.stage]
    if progress.iteration > 0 { parts.append("iteration \(progress.iteration) of \(progress.of)") }
    if progress.sparsity > 0 { parts.append("sparsity \(PageText.percent(progress.sparsity))") }
    if let accuracy = progress.accuracy {
      parts.append("accuracy \(PageText.percent(accuracy))")
    }
    return parts.joined(separator: " · ")
  }

  private static func classes(_ job: JobResource) -> [String] {
    guard case .array(let entries) = job.classes else { return [] }
    let names = entries.compactMap { $0["name"]?.text }
    let rest = (job.classCount ?? 0) - names.count
    return rest > 0 ? names + ["and \(rest) more"] : names
  }

  private static func on(_ recipe: JSONValue) -> String {
    recipe["accelerator"]?.text.map { " on \($0)" } ?? ""
  }

  private static func target(_ recipe: JSONValue) -> String? {
    guard case .object(let target)? = recipe["target"], let (kind, value) = target.first,
      let number = value.double
    else { return nil }
    switch kind {
    case "sparsity": return "\(PageText.percent(number)) sparsity"
    case "bytes": return "at most \(PageText.bytes(number))"
    case "latency_ms": return "at most \(PageText.milliseconds(number))"
    case "cycles": return "at most \(PageText.count(number)) cycles\(on(recipe))"
    case "energy_uj": return "at most \(PageText.microjoules(number))\(on(recipe))"
    case "macs": return "at most \(PageText.count(number)) multiply-accumulates"
    default: return nil
    }
  }
}
