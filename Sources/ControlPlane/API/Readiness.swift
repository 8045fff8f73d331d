import Synchronization

/// Whether the service wants new work. A load balancer that asks `/readyz` learns from it that the
/// server is about to stop while the server still answers.
package final class Readiness: Sendable {
  private let stopping = Atomic<Bool>(false)

  /// Nobody has asked to stop.
  package init() {}

  package var isStopping: Bool { stopping.load(ordering: .sequentiallyConsistent) }

  /// From now on there is to be no new work.
  package func beginStopping() { stopping.store(true, ordering: .sequentiallyConsistent) }
}
