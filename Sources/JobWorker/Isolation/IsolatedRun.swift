import Foundation
import JobContract
import ModelCards
import ModelFormats
import Pruning
import ServiceAPI
import Store

/// One attempt at a job in a process of its own, as its worker sees it: passes on what the process says,
/// tells it to end, and ends it when it takes more than it may.
struct IsolatedRun {
  let isolation: JobIsolation
  let host: any RunHost
  let budget: JobBudget
  /// What its worker wants of it.
  let control: JobControl

  /// What the process needs, with the base model's file and the state to go on from.
  func output(
    _ start: RunMessage.Start, model: Data, state: Data?
  ) throws -> JobRun.Output {
    let process = try JobProcess(isolation)
    let watch = ProcessWatch(
      process, memory: start.memoryLimit, seconds: isolation.seconds ?? budget.allowedSeconds + 60,
      budget: budget, control: control)
    do {
      try process.channel.send(.saying(.start, start, body: model), tick: watch.lookWhileSending)
      if let state {
        try process.channel.send(
          RunMessage(kind: .state, body: state), tick: watch.lookWhileSending)
      }
      while let message = try process.channel.receive(tick: watch.look) {
        if let output = try handle(message, of: process, watch) { return output }
      }
    } catch is RunChannel.Broken {
      // How it ended says more.
    }
    throw ended(process, watch)
  }

  private func handle(_ message: RunMessage, of process: JobProcess, _ watch: ProcessWatch) throws
    -> JobRun.Output?
  {
    switch message.kind {
    case .progress: try host.report(message.read())
    case .iteration: try host.save(message.body, iteration: message.read())
    case .event:
      let event: RunMessage.Event = try message.read()
      try host.log(
        event.type, event.message, level: EventLevel(rawValue: event.level) ?? .info,
        data: JSONDecoder().decode([String: JSONValue].self, from: event.data))
    case .warning: try host.warn(message.read())
    case .memory: budget.note(memory: try message.read())
    case .wanted:
      let state = try host.earlierState(iteration: message.read())
      try process.channel.send(
        .saying(.state, state != nil, body: state ?? Data()), tick: watch.lookWhileSending)
    case .result:
      let output: RunMessage.Output = try message.read()
      return JobRun.Output(
        packed: message.body, labels: output.labels,
        card: try JSONDecoder().decode(ModelCard.self, from: output.card), cardText: output.card,
        seconds: output.seconds)
    case .failure:
      let failure: RunMessage.Failure = try message.read()
      throw failure.kind == .cancelled ? PruningError.cancelled : IsolatedFailure(failure)
    case .start, .state, .cancel: throw RunChannel.Broken()
    }
    return nil
  }

  /// The process closed its end without a result.
  private func ended(_ process: JobProcess, _ watch: ProcessWatch) -> any Error {
    process.kill()
    let (how, peak) = process.wait()
    if watch.isCancelled || control.requested != nil { return PruningError.cancelled }
    let memory = JobEstimator.text(Double(peak), .memory)
    return JobError.processEnded(
      how: "\(how ?? "it left without a result"), after it had taken \(memory)")
  }
}
