import Foundation
import Pruning
import ServiceAPI
import Store

/// What surrounds one attempt at a job: hears how it goes and keeps its states. The worker itself, or
/// in a process of the job's own the way to the worker.
protocol RunHost {
  /// - Throws: `PruningError.cancelled` when the run shall end, `JobError.exceededEstimate` when it has
  ///   taken too long.
  func checkEnd() throws
  /// How far the run is.
  func report(_ progress: PersonalizationProgress) throws
  /// The state after an iteration.
  func save(_ state: Data, iteration: Int) throws
  /// The state after an earlier iteration; nil when it is not there.
  func earlierState(iteration: Int) throws -> Data?
  /// A line of the job's log.
  func log(_ type: String, _ message: String, level: EventLevel, data: [String: JSONValue]) throws
  /// A warning for whoever runs the server.
  func warn(_ text: String) throws
}
