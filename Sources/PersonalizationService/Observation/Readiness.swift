import Synchronization

/// Whether the service wants new work. A load balancer that asks `/readyz` learns from it that the
/// server is about to stop while the server still answers.
final class Readiness: Sendable {
  private let stopping = Atomic<Bool>(false)

  var isStopping: Bool { stopping.load(ordering: .sequentiallyConsistent) }

  func beginStopping() { stopping.store(true, ordering: .sequentiallyConsistent) }
}
