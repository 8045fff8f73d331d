import Cores
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
  /// Handshakes compute and never wait: half of the cores, so that a flood of them leaves the rest.
  let handshakes: WorkerPool
  /// Sends pulled bodies. It never waits for a client, only for what it reads.
  let downloads: WorkerPool
  let registry: ConnectionRegistry
  /// Memory for bodies of requests.
  let bodies: MemoryBudget
  /// Memory for answers that clients have not read yet.
  let answers: MemoryBudget
  /// What new connections use; nil without TLS.
  let tls = Mutex<TLSContext?>(nil)
  private let draining = Atomic<Bool>(false)
  private let connectionCount = Atomic<UInt64>(0)
  private let loops = Mutex<[EventLoop]>([])
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
    handshakes = WorkerPool(
      label: "http-handshake",
      workers: max(1, Cores.usable / 2),
      backlog: configuration.limits.maxConnections)
    downloads = WorkerPool(
      label: "http-download", workers: max(2, Cores.usable),
      backlog: configuration.limits.maxConnections)
    registry = ConnectionRegistry(limits: configuration.limits)
    let limits = configuration.limits
    bodies = MemoryBudget(
      all: limits.bodyMemory, address: limits.bodyMemoryPerAddress, user: limits.bodyMemoryPerUser)
    answers = MemoryBudget(all: limits.answerMemory, address: limits.answerMemoryPerAddress)
    // Apart from the loops, because a live body may look into a database for its next part.
    liveQueues = (0..<Self.loopCount).map { DispatchQueue(label: "http-live-\($0)") }
  }

  /// Reading and parsing take little: half of the cores are plenty, and one is the usual number.
  private static let loopCount = max(1, min(4, Cores.usable / 2))

  /// Makes what new connections need.
  /// - Throws: `ServerError.system`.
  func startLoops() throws(ServerError) {
    var fresh: [EventLoop] = []
    for number in 0..<Self.loopCount { fresh.append(try EventLoop(label: "http-loop-\(number)")) }
    loops.withLock { $0 = fresh }
  }

  var isDraining: Bool { draining.load(ordering: .sequentiallyConsistent) }

  func beginDraining() {
    draining.store(true, ordering: .sequentiallyConsistent)
  }

  /// Reads the certificate and key, for connections from now on, and logs what is odd about them.
  func loadCertificate() throws(ServerError) {
    guard let files = configuration.tls else { return }
    let fresh = try TLSContext(files)
    for warning in fresh.warnings { logger.warning("\(warning)") }
    tls.withLock { $0 = fresh }
  }

  /// The transport of an accepted socket; nil when memory is exhausted.
  func makeTransport(descriptor: Int32) -> (any Transport)? {
    guard configuration.tls != nil else { return PlainTransport(descriptor: descriptor) }
    return tls.withLock { $0 }.flatMap { TLSTransport(descriptor: descriptor, context: $0) }
  }

  /// An identifier for a new connection and the loop of its events; nil before `startLoops`.
  func nextConnection() -> (id: UInt64, loop: EventLoop)? {
    let id = connectionCount.wrappingAdd(1, ordering: .relaxed).newValue
    return loops.withLock { loops in
      loops.isEmpty ? nil : (id, loops[Int(id % UInt64(loops.count))])
    }
  }

  /// The queue of a connection's live bodies.
  func liveQueue(of connection: UInt64) -> DispatchQueue {
    liveQueues[Int(connection % UInt64(liveQueues.count))]
  }
}
