import Dispatch
import Foundation
import Logging
import Synchronization

/// What all connections of one server share.
final class ServerContext: Sendable {
  let configuration: ServerConfiguration
  let router: Router
  let logger: Logger
  let observe: (@Sendable (CompletedExchange) -> Void)?
  let workers: WorkerPool
  let streams: WorkerPool
  let registry: ConnectionRegistry
  private let draining = Atomic<Bool>(false)
  private let connectionCount = Atomic<UInt64>(0)
  private let queues: [DispatchQueue]
  private let liveQueues: [DispatchQueue]

  init(
    configuration: ServerConfiguration, router: Router, logger: Logger,
    observe: (@Sendable (CompletedExchange) -> Void)?
  ) {
    self.configuration = configuration
    self.router = router
    self.logger = logger
    self.observe = observe
    workers = WorkerPool(
      label: "http-worker", workers: configuration.workers, backlog: configuration.backlog)
    streams = WorkerPool(label: "http-stream", workers: configuration.streams, backlog: 0)
    registry = ConnectionRegistry(limits: configuration.limits)
    // Reading and parsing take little: half of the cores are plenty, and one is the usual number.
    queues = (0..<max(1, min(4, ProcessInfo.processInfo.activeProcessorCount / 2))).map {
      DispatchQueue(label: "http-loop-\($0)")
    }
    // Apart from those, because a live body may look into a database for its next part.
    liveQueues = queues.indices.map { DispatchQueue(label: "http-live-\($0)") }
  }

  var isDraining: Bool { draining.load(ordering: .sequentiallyConsistent) }

  func beginDraining() {
    draining.store(true, ordering: .sequentiallyConsistent)
  }

  /// An identifier for a new connection and the queue of its events.
  func nextConnection() -> (id: UInt64, queue: DispatchQueue) {
    let id = connectionCount.wrappingAdd(1, ordering: .relaxed).newValue
    return (id, queues[Int(id % UInt64(queues.count))])
  }

  /// The queue of a connection's live bodies.
  func liveQueue(of connection: UInt64) -> DispatchQueue {
    liveQueues[Int(connection % UInt64(liveQueues.count))]
  }
}
