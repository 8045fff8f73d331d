import CSystem
import Dispatch
import Glibc
import Synchronization

/// What a descriptor is ready for. The end of its connection is both, so that whoever waits finds out.
package struct Readiness: OptionSet, Sendable {
  /// Bytes can be read.
  package static let read = Readiness(rawValue: 1)
  /// Bytes can be written.
  package static let write = Readiness(rawValue: 2)
  package let rawValue: UInt8

  /// A set of the bits above.
  package init(rawValue: UInt8) { self.rawValue = rawValue }
}

/// What an event loop tells that its descriptor is ready.
package protocol Watched: AnyObject, Sendable {
  /// Names it within all loops; not 0.
  var id: UInt64 { get }
  /// What is watched; open until it is removed.
  var descriptor: Int32 { get }
  /// Called on the loop for as long as the descriptor is ready; must not wait.
  func ready(_ readiness: Readiness)
}

/// Watches the sockets of many connections: one epoll(7) instance, and a Dispatch queue that waits on it.
///
/// A Dispatch source for each of them would make its own manager's thread wake the queue's for every
/// event, and arm every socket again after it: three system calls and two switches of thread a
/// request, of which none is left here (Benchmarks/results/service.md has what that is worth).
package final class EventLoop: Sendable {
  private static let mark = DispatchSpecificKey<Bool>()

  /// Whether the caller runs on the thread of a loop, where nothing may wait: all of the loop's
  /// connections would wait with it.
  package static var isCurrent: Bool { DispatchQueue.getSpecific(key: mark) == true }

  private let core: Core

  /// Begins to wait.
  /// - Throws: `ServerError.system` when the process or system is out of descriptors.
  package init(label: String) throws(ServerError) {
    core = try Core()
    let queue = DispatchQueue(label: label)
    queue.setSpecific(key: Self.mark, value: true)
    queue.async { [core] in core.run() }
  }

  deinit { core.stop() }

  /// Tells `handler` when it is ready for `wanted` instead of `former`, as one call at a time says. Keeps
  /// it until ``remove(_:then:)``.
  /// - Returns: whether the kernel had room for it.
  package func watch(
    _ handler: some Watched, for wanted: Readiness, insteadOf former: Readiness
  ) -> Bool {
    core.watch(handler, for: wanted, insteadOf: former)
  }

  /// Lets go of `handler`, then calls `done` on the loop, where no event of it can follow.
  package func remove(_ handler: some Watched, then done: @escaping @Sendable () -> Void) {
    core.remove(handler)
    core.async(done)
  }

  /// Calls `task` on the loop, after the events that are there.
  package func async(_ task: @escaping @Sendable () -> Void) { core.async(task) }
}

/// What the loop's thread keeps alive, so that the loop itself can be let go of and end it.
private final class Core: Sendable {
  private struct State {
    var handlers: [UInt64: any Watched] = [:]
    var tasks: [@Sendable () -> Void] = []
    var isStopped = false
  }

  /// Stands for the descriptor that wakes the loop.
  private static let wakeID: UInt64 = 0
  private static let batch = 128

  private let epoll: Int32
  private let wake: Int32
  private let state = Mutex(State())

  init() throws(ServerError) {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw .system(call: "epoll_create1", errno: errno) }
    wake = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    guard wake >= 0 else {
      let error = errno
      _ = close(epoll)
      throw .system(call: "eventfd", errno: error)
    }
    guard control(EPOLL_CTL_ADD, wake, id: Self.wakeID, for: .read) else {
      let error = errno
      _ = close(wake)
      _ = close(epoll)
      throw .system(call: "epoll_ctl", errno: error)
    }
  }

  func watch(
    _ handler: some Watched, for wanted: Readiness, insteadOf former: Readiness
  ) -> Bool {
    let operation: Int32
    if wanted.isEmpty {
      // With no events asked for, a peer that is gone would be reported again and again
      // (epoll_ctl(2)): the descriptor must be taken out.
      operation = EPOLL_CTL_DEL
    } else if former.isEmpty {
      operation = EPOLL_CTL_ADD
      state.withLock { $0.handlers[handler.id] = handler }
    } else {
      operation = EPOLL_CTL_MOD
    }
    return control(operation, handler.descriptor, id: handler.id, for: wanted)
  }

  func remove(_ handler: some Watched) {
    _ = control(EPOLL_CTL_DEL, handler.descriptor, id: handler.id, for: [])
    state.withLock { $0.handlers[handler.id] = nil }
  }

  func async(_ task: @escaping @Sendable () -> Void) {
    let isFirst = state.withLock { state in
      state.tasks.append(task)
      return state.tasks.count == 1
    }
    if isFirst { rouse() }
  }

  func stop() {
    state.withLock { $0.isStopped = true }
    rouse()
  }

  private func rouse() {
    var one: UInt64 = 1
    _ = write(wake, &one, MemoryLayout<UInt64>.size)
  }

  private func control(
    _ operation: Int32, _ descriptor: Int32, id: UInt64, for wanted: Readiness
  ) -> Bool {
    var event = epoll_event(events: 0, data: epoll_data_t(u64: id))
    if wanted.contains(.read) { event.events |= EPOLLIN.rawValue }
    if wanted.contains(.write) { event.events |= EPOLLOUT.rawValue }
    return epoll_ctl(epoll, operation, descriptor, &event) == 0
  }

  private static func readiness(_ events: UInt32) -> Readiness {
    let end = events & (EPOLLERR.rawValue | EPOLLHUP.rawValue)
    var readiness: Readiness = []
    if events & EPOLLIN.rawValue | end != 0 { readiness.insert(.read) }
    if events & EPOLLOUT.rawValue | end != 0 { readiness.insert(.write) }
    return readiness
  }

  func run() {
    withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.batch) { events in
      var ready: [(any Watched, Readiness)] = []
      while true {
        let count = epoll_wait(epoll, events.baseAddress, Int32(Self.batch), -1)
        // No other error can come of arguments that are right (epoll_wait(2)).
        if count < 0, errno != EINTR { break }
        var isWoken = false
        state.withLock { state in
          for event in events.prefix(Int(max(0, count))) {
            if event.data.u64 == Self.wakeID { isWoken = true }
            // One that is not there was let go of after its event came.
            if let handler = state.handlers[event.data.u64] {
              ready.append((handler, Self.readiness(event.events)))
            }
          }
        }
        for (handler, readiness) in ready { handler.ready(readiness) }
        ready.removeAll(keepingCapacity: true)
        if isWoken, !runTasks() { break }
      }
    }
    _ = close(wake)
    _ = close(epoll)
  }

  /// False when the loop shall end. Tasks that wait are run first: they close descriptors.
  private func runTasks() -> Bool {
    var count: UInt64 = 0
    _ = read(wake, &count, MemoryLayout<UInt64>.size)
    let (tasks, isStopped) = state.withLock { state in
      defer { state.tasks = [] }
      return (state.tasks, state.isStopped)
    }
    for task in tasks { task() }
    return !isStopped
  }
}
