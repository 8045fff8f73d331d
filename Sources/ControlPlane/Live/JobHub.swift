import Dispatch
import Foundation
import Logging
import Store
import Synchronization

/// Follows the jobs that somebody watches.
///
/// The store tells of its commits; the hub then looks at each watched job once, however many watch
/// it, and wakes them. Nothing is done while nobody watches. What other processes commit to a database
/// that they share, workers above all, is seen at the store's next look: within half a second on
/// PostgreSQL (``ChangeNotifier``).
package final class JobHub: Sendable {
  private struct State {
    var feeds: [JobID: JobFeed] = [:]
    var isLookScheduled = false
    /// Before then no look: many commits in a row cost one, and looking takes a tenth of the time.
    var nextLook = DispatchTime(uptimeNanoseconds: 0)
  }

  /// How often a job is looked at while it changes.
  private static let interval = 50_000_000

  private let store: any CompleteStore
  private let logger: Logger
  private let queue = DispatchQueue(label: "crisp.live")
  private let state = Mutex(State())

  /// Follows that store's commits.
  package init(store: any CompleteStore, logger: Logger) {
    self.store = store
    self.logger = logger
    store.onCommit { [weak self] in self?.storeChanged() }
  }

  /// The feed of a job. The same one for all who watch it now.
  func join(_ id: JobID) -> JobFeed {
    let (feed, isNew) = state.withLock { state in
      let known = state.feeds[id]
      let feed = known ?? JobFeed(id)
      feed.watchers.add(1, ordering: .relaxed)
      state.feeds[id] = feed
      return (feed, known == nil)
    }
    if isNew { queue.async { self.look(at: [feed]) } }
    return feed
  }

  /// The opposite of `join`.
  func leave(_ feed: JobFeed) {
    state.withLock { state in
      let left = feed.watchers.subtract(1, ordering: .relaxed).newValue
      if left == 0, state.feeds[feed.id] === feed { state.feeds[feed.id] = nil }
    }
  }

  /// Jobs that are watched now.
  var watchedCount: Int { state.withLock { $0.feeds.count } }

  private func storeChanged() {
    let time = state.withLock { state -> DispatchTime? in
      guard !state.feeds.isEmpty, !state.isLookScheduled else { return nil }
      state.isLookScheduled = true
      return max(.now(), state.nextLook)
    }
    if let time { queue.asyncAfter(deadline: time) { self.look() } }
  }

  // MARK: On the queue

  private func look() {
    let feeds = state.withLock { state in
      // From here on a commit schedules another look.
      state.isLookScheduled = false
      return Array(state.feeds.values)
    }
    let start = DispatchTime.now()
    look(at: feeds)
    let end = DispatchTime.now()
    let spent = Int(clamping: end.uptimeNanoseconds - start.uptimeNanoseconds)
    state.withLock { $0.nextLook = end + .nanoseconds(max(Self.interval, 9 * spent)) }
  }

  private func look(at feeds: [JobFeed]) {
    var hasFailed = false
    for feed in feeds {
      do {
        if try feed.refresh(from: store) { feed.wakeAll() }
      } catch {
        hasFailed = true
        logger.warning(
          "cannot look at a watched job", metadata: ["job": "\(feed.id)", "error": "\(error)"])
      }
    }
    // Without another commit nothing else would call for the look that failed.
    if hasFailed { queue.asyncAfter(deadline: .now() + 1) { self.storeChanged() } }
  }
}
