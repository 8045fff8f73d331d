import Foundation
import HTTPServer
import ServiceAPI
import Store
import Synchronization

/// What all who watch one job share: its newest events and its state, as they stand in the stream.
final class JobFeed: Sendable {
  /// What a watcher gets next.
  enum Step {
    case events([UInt8], last: Int64)
    /// Older events than are kept here; the store has them.
    case olderEvents(before: Int64)
    case progress([UInt8], version: Int)
    case end([UInt8])
    case nothingYet
    /// The job is no more.
    case gone
  }

  private struct State {
    var isGone = false
    /// The newest events, one after the other.
    var recent: ArraySlice<(event: EventRecord, bytes: [UInt8])> = []
    var last: Int64 = 0
    /// Counts the changes of `job`.
    var version = 0
    var job: JobRecord?
    /// The job as an event, by who looks.
    var snapshots: [Caller: [UInt8]] = [:]
    /// Everything of the job that is worth telling.
    var content: [UInt8] = []
    var wakes: [UInt64: @Sendable () -> Void] = [:]
    var nextWake: UInt64 = 0
  }

  /// Events that are kept for those who are nearly up to date.
  private static let kept = 64
  /// Events that are read at once.
  static let page = 100

  let id: JobID
  /// How many have joined; the hub counts under its lock.
  let watchers = Atomic<Int>(0)
  private let state = Mutex(State())

  init(_ id: JobID) { self.id = id }

  /// Takes the job's changes from the store; whether there were any.
  func refresh(from store: any CompleteStore) throws -> Bool {
    let (last, isOver) = state.withLock {
      ($0.last, $0.isGone || $0.job?.status.isFinished == true)
    }
    if isOver { return false }
    let job: JobRecord
    var events: [EventRecord] = []
    do {
      // The job first: whatever it says, the events that led there are in the log by now.
      job = try store.job(id)
      var after = last
      while true {
        let page = try store.events(of: id, after: after, limit: Self.page)
        events = (events + page.elements).suffix(Self.kept)
        after = page.elements.last?.sequence ?? after
        guard page.hasMore else { break }
      }
    } catch StoreError.notFound {
      state.withLock { $0.isGone = true }
      return true
    }
    var lasting = API.resource(job, for: .operator, asked: nil)
    // It moves with the clock, not with the job.
    lasting.estimatedFinish = nil
    let content = try JSONWriting.bytes(lasting)
    let frames = try events.map { (event: $0, bytes: try Self.bytes(of: $0)) }
    return state.withLock { state in
      let isNew = content != state.content || !frames.isEmpty
      if content != state.content {
        state.content = content
        state.job = job
        state.snapshots = [:]
        state.version += 1
      }
      state.recent = (state.recent + frames).suffix(Self.kept)
      state.last = max(state.last, frames.last?.event.sequence ?? 0)
      return isNew
    }
  }

  /// What follows for a watcher who has the events to `position` and the state of `version`.
  func step(
    after position: Int64, version: Int, for caller: Caller, asked: RequesterRecord?
  ) throws -> Step {
    try state.withLock { state in
      if state.isGone { return .gone }
      guard let job = state.job else { return .nothingYet }
      if position < state.last {
        guard let first = state.recent.first, first.event.sequence <= position + 1 else {
          return .olderEvents(before: state.last)
        }
        let bytes = try state.recent.filter { $0.event.sequence > position }.flatMap { frame in
          let shown = frame.event.shown(notBefore: asked?.addedAt)
          return shown == frame.event ? frame.bytes : try Self.bytes(of: shown)
        }
        return .events(bytes, last: state.last)
      }
      guard version < state.version else { return .nothingYet }
      let snapshot =
        try state.snapshots[caller]
        ?? Self.bytes(of: API.resource(job, for: caller, asked: asked))
      state.snapshots[caller] = snapshot
      return job.status.isFinished
        ? .end(snapshot) : .progress(snapshot, version: state.version)
    }
  }

  // MARK: Waking

  func onChange(_ wake: @escaping @Sendable () -> Void) -> UInt64 {
    state.withLock { state in
      state.nextWake += 1
      state.wakes[state.nextWake] = wake
      return state.nextWake
    }
  }

  func forget(_ wake: UInt64) { state.withLock { $0.wakes[wake] = nil } }

  func wakeAll() {
    for wake in state.withLock({ Array($0.wakes.values) }) { wake() }
  }

  // MARK: The stream's form

  static func bytes(of event: EventRecord) throws -> [UInt8] {
    let json = try JSONWriting.bytes(API.resource(event))
    return ServerSentEvent(
      id: String(event.sequence), event: "log", data: String(decoding: json, as: UTF8.self)
    ).bytes
  }

  private static func bytes(of job: JobResource) throws -> [UInt8] {
    let json = try JSONWriting.bytes(job)
    return ServerSentEvent(
      event: job.isFinished ? "end" : "progress", data: String(decoding: json, as: UTF8.self)
    ).bytes
  }
}
