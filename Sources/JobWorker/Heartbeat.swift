import Dispatch
import Foundation
import Store

/// Extends a running job's lease while it works, tells what memory it has taken, and brings news of
/// cancellation.
final class Heartbeat {
  private let timer: any DispatchSourceTimer

  init(
    store: any JobQueue, job: JobRecord, worker: String, lease: TimeInterval, control: JobControl,
    memory: @escaping @Sendable () -> Int
  ) {
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "crisp.heartbeat"))
    // The first at once: a cancellation may have come between the claim and now.
    timer.schedule(deadline: .now(), repeating: lease / 4)
    timer.setEventHandler {
      do {
        let wantsStop = try store.heartbeat(
          job.id, attempt: job.attempt, worker: worker, lease: lease, memory: Int64(memory()))
        if wantsStop { control.request(.cancelled) }
      } catch StoreError.leaseLost {
        control.request(.leaseLost)
      } catch {
        // A busy database: the next beat may succeed, and three may be missed.
      }
    }
    timer.resume()
  }

  func stop() { timer.cancel() }
}
