import Foundation
import Pruning

/// Sees to it that the process of a job ends: when it takes more than it may, and soon after its worker
/// wants it to.
final class ProcessWatch {
  /// How long a process may take to end when it was told to.
  private static let patience: Duration = .seconds(30)

  private let process: JobProcess
  private let memory: Int?
  private let seconds: Double
  private let budget: JobBudget
  private let control: JobControl
  private var cancelledAt: ContinuousClock.Instant?

  /// - Parameters:
  ///   - memory: Bytes that it may have; nil is no limit.
  ///   - seconds: Seconds that it may take, by the budget's clock.
  init(
    _ process: JobProcess, memory: Int?, seconds: Double, budget: JobBudget, control: JobControl
  ) {
    self.process = process
    self.memory = memory
    self.seconds = seconds
    self.budget = budget
    self.control = control
  }

  /// Whether the process was told to end.
  var isCancelled: Bool { cancelledAt != nil }

  /// Looks while nothing is being sent, and tells the process when it shall end.
  /// - Throws: What ends the run at once.
  func look() throws {
    try checkLimits()
    guard control.requested != nil else { return }
    if let cancelledAt {
      guard ContinuousClock.now - cancelledAt < Self.patience else { throw PruningError.cancelled }
    } else {
      cancelledAt = .now
      // A full socket, of a process that hangs, is no reason to wait here.
      try? process.channel.send(RunMessage(kind: .cancel)) { throw RunChannel.Broken() }
    }
  }

  /// The same in the middle of a message, after which nothing can be told.
  func lookWhileSending() throws {
    try checkLimits()
    if control.requested != nil { throw PruningError.cancelled }
  }

  private func checkLimits() throws {
    let taken = process.residentBytes
    if let memory, taken > memory {
      throw JobError.exceededLimit(.memory, taken: Double(taken), allowed: Double(memory))
    }
    if budget.seconds > seconds {
      throw JobError.exceededLimit(.seconds, taken: budget.seconds, allowed: seconds)
    }
  }
}
