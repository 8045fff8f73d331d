import HTTPServer
import ServiceAPI
import Store
import Synchronization

/// One client's stream of one job: the events after the last it knows, and the job whenever it
/// changes; at last the finished job. States that follow each other faster than the client takes them
/// are left out, events never are.
final class JobWatch: LiveBody {
  private struct State {
    var feed: JobFeed?
    var wake: UInt64 = 0
    var hasBegun = false
    var hasEnded = false
    var position: Int64
    var version = 0
    var checked = ContinuousClock.now
  }

  /// Milliseconds until a client comes back whose stream was cut.
  private static let retry = 1000

  /// How long a token that was revoked may still be listened with, at most; looking it up for every
  /// event would have each watcher read the database.
  private static let trust: Duration = .seconds(1)

  let idleInterval: Duration
  let idleBytes = ServerSentEvent.comment
  private let hub: JobHub
  private let store: any CompleteStore
  private let job: JobID
  private let caller: Caller
  private let asked: RequesterRecord?
  private let isAdmitted: @Sendable () -> Bool
  private let state: Mutex<State>

  /// - Parameters:
  ///   - asked: what the caller asked for, when a user; times before that are not shown.
  ///   - isAdmitted: whether the client may still see the job.
  init(
    _ job: JobID, after position: Int64, for caller: Caller, asked: RequesterRecord?, hub: JobHub,
    store: any CompleteStore,
    heartbeat: Duration, isAdmitted: @escaping @Sendable () -> Bool
  ) {
    self.job = job
    self.caller = caller
    self.asked = asked
    self.hub = hub
    self.store = store
    self.isAdmitted = isAdmitted
    idleInterval = heartbeat
    state = Mutex(State(position: position))
  }

  func start(wake: @escaping @Sendable () -> Void) {
    let feed = hub.join(job)
    let number = feed.onChange(wake)
    state.withLock { state in
      state.feed = feed
      state.wake = number
    }
  }

  func stop() {
    let (feed, wake) = state.withLock { state in
      defer { state.feed = nil }
      return (state.feed, state.wake)
    }
    guard let feed else { return }
    feed.forget(wake)
    hub.leave(feed)
  }

  func next() throws -> LivePart {
    try state.withLock { state in
      guard let feed = state.feed, !state.hasEnded else { return .end }
      let now = ContinuousClock.now
      if now - state.checked >= min(Self.trust, idleInterval) {
        state.checked = now
        guard isAdmitted() else { return .end }
      }
      if !state.hasBegun {
        state.hasBegun = true
        return .bytes(Array("retry: \(Self.retry)\n\n".utf8))
      }
      switch try feed.step(
        after: state.position, version: state.version, for: caller, asked: asked)
      {
      case .events(let bytes, let last):
        state.position = last
        return .bytes(bytes)
      case .olderEvents(let last):
        let page = try store.events(of: job, after: state.position, limit: JobFeed.page)
        // None when the log of a job that ended long ago has been cleared meanwhile.
        state.position = page.elements.last?.sequence ?? last
        return .bytes(
          try page.elements.flatMap {
            try JobFeed.bytes(of: $0.shown(notBefore: asked?.addedAt))
          })
      case .progress(let bytes, let version):
        state.version = version
        return .bytes(bytes)
      case .end(let bytes):
        state.hasEnded = true
        return .bytes(bytes)
      case .nothingYet: return .nothingYet
      case .gone: return .end
      }
    }
  }
}
