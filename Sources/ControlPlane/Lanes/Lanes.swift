import Cores
import Foundation
import HTTPServer

/// Where slow work is done, so that what is quick never waits for it: each kind has threads and a
/// queue of its own, above jobs and below everything else.
package struct Lanes: Sendable {
  /// Nice value of all: a job's is 10, a quick request's 0.
  private static let nice = 5

  /// Requests for models, whose bodies are read and checked: cheap ones, but some made to be dear.
  package let requests: WorkLane
  /// Lists and pages: each has a bound, but many readers ask for many of them.
  package let lists: WorkLane
  /// Whether the server is ready, which nothing else may hold up. A look into the database and at the
  /// folders of data sets, and no work.
  let readiness: WorkLane
  /// Pictures and tensors, decoded and computed.
  let predictions: WorkLane
  /// Models written in other formats. One at a time, since each takes the memory of a dense model.
  let conversions: WorkLane
  /// The device measured. One at a time: two would disturb each other.
  let measurements: WorkLane

  /// Lanes without threads yet.
  package init(predictionsAtOnce: Int) {
    requests = WorkLane(
      "requests",
      .init(running: Cores.usable, waiting: 256, deadline: .seconds(10), nice: Self.nice),
      busy: Self.overloaded)
    lists = WorkLane(
      "lists",
      // Half of the cores: the rest is for what is quick.
      .init(
        running: max(1, Cores.usable / 2), waiting: 256, deadline: .seconds(10), nice: Self.nice),
      busy: Self.overloaded)
    readiness = WorkLane(
      "readiness", .init(running: 1, waiting: 1024, deadline: .seconds(5)), busy: Self.overloaded)
    predictions = WorkLane(
      "predictions",
      .init(
        running: Cores.threads(predictionsAtOnce), waiting: 64, deadline: .seconds(10),
        nice: Self.nice),
      busy: Problems.busy(.predictionsBusy))
    conversions = WorkLane(
      "conversions", .init(running: 1, waiting: 8, deadline: .seconds(60), nice: Self.nice),
      busy: Problems.busy(.conversionsBusy))
    measurements = WorkLane(
      // Nobody waits for it that long: the deadline only ends what has gone wrong.
      "measurements", .init(running: 1, waiting: 4, deadline: .seconds(3600), nice: Self.nice),
      busy: ServerDevice.busy)
  }

  private static let overloaded = ProblemDetails(
    .serviceUnavailable, code: "overloaded",
    detail: "The server has too much to do; try again.", retryAfter: 1)

  /// All with work that may be long.
  package var all: [WorkLane] { [requests, lists, predictions, conversions, measurements] }

  /// Refuses work from now on and waits for what is under way, but for measurements, which leave
  /// nothing half done.
  /// - Returns: whether it ended within `deadline`.
  package func stop(deadline: Duration) -> Bool {
    measurements.stop(deadline: .zero)
    return [requests, lists, readiness, predictions, conversions].map {
      $0.stop(deadline: deadline)
    }
    .allSatisfy { $0 }
  }
}
