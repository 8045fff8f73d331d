import Dispatch
import Foundation
import Glibc
import Pruning
import ServiceAPI
import Store
import Synchronization

/// The worker, as the process of a job sees it.
final class ChannelHost: RunHost, Sendable {
  let budget: JobBudget
  private let channel: RunChannel
  private let shallEnd = Atomic(false)
  /// The state that was asked for.
  private let answer = Mutex<(isThere: Bool, state: Data)?>(nil)
  private let hasAnswered = DispatchSemaphore(value: 0)

  init(_ channel: RunChannel, budget: JobBudget) {
    self.channel = channel
    self.budget = budget
  }

  /// Hears what the worker says, on a thread of its own, for as long as the process lives.
  func listen() {
    Thread.detachNewThread { [self] in
      while let message = try? channel.receive() {
        switch message.kind {
        case .cancel: shallEnd.store(true, ordering: .relaxed)
        case .state:
          let isThere = (try? message.read(Bool.self)) ?? false
          answer.withLock { $0 = (isThere, message.body) }
          hasAnswered.signal()
        default: break
        }
      }
      // Nobody waits for the job any more.
      _exit(1)
    }
  }

  func checkEnd() throws {
    try budget.check()
    if shallEnd.load(ordering: .relaxed) { throw PruningError.cancelled }
  }

  func report(_ progress: PersonalizationProgress) throws {
    try channel.send(.saying(.memory, budget.peak))
    try channel.send(.saying(.progress, progress))
  }

  func save(_ state: Data, iteration: Int) throws {
    try channel.send(.saying(.iteration, iteration, body: state))
  }

  func earlierState(iteration: Int) throws -> Data? {
    try channel.send(.saying(.wanted, iteration))
    hasAnswered.wait()
    return answer.withLock { answer in
      defer { answer = nil }
      return answer.flatMap { $0.isThere ? $0.state : nil }
    }
  }

  func log(_ type: String, _ message: String, level: EventLevel, data: [String: JSONValue]) throws {
    try channel.send(
      .saying(
        .event,
        RunMessage.Event(
          type: type, message: message, level: level.rawValue, data: JSONEncoder().encode(data))))
  }

  func warn(_ text: String) throws { try channel.send(.saying(.warning, text)) }
}
