import CSystem
import Dispatch
import Glibc
import Synchronization

/// What an event loop tells that its descriptor has bytes, or has come to its end.
protocol Readable: AnyObject, Sendable {
  /// Names it within all loops; not 0.
  var id: UInt64 { get }
  var descriptor: Int32 { get }
  /// Called on the loop for as long as the descriptor can be read; must not wait.
  func readable()
}

/// Watches the sockets of many connections: one epoll(7) instance, and a Dispatch queue that waits on it.
///
/// A Dispatch source for each of them would make its own manager's thread wake the queue's for every
/// event, and arm every socket again after it: three system calls and two switches of thread a
/// request, of which none is left here (Benchmarks/results/service.md has what that is worth).
final class EventLoop: Sendable {
  private let core: Core

  /// Begins to wait.
  /// - Throws: `ServerError.system` when the process or system is out of descriptors.
  init(label: String) throws(ServerError) {
    core = try Core()
    DispatchQueue(label: label).async { [core] in core.run() }
  }

  deinit { core.stop() }

  /// Begins to tell `handler` of its bytes. Keeps it until ``remove(_:then:)``.
  /// - Returns: whether there was room for it in the kernel.
  func watch(_ handler: some Readable) -> Bool { core.watch(handler) }

  /// Tells `handler` nothing until it is watched again.
  func mute(_ handler: some Readable) { core.mute(handler) }

  /// Lets go of `handler`, then calls `done` on the loop, where no event of it can follow.
  func remove(_ handler: some Readable, then done: @escaping @Sendable () -> Void) {
    core.remove(handler)
    core.async(done)
  }

  /// Calls `task` on the loop, after the events that are there.
  func async(_ task: @escaping @Sendable () -> Void) { core.async(task) }
}

/// What the loop's thread keeps alive, so that the loop itself can be let go of and end it.
private final class Core: Sendable {
  private struct State {
    var handlers: [UInt64: any Readable] = [:]
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
    guard control(EPOLL_CTL_ADD, wake, id: Self.wakeID) else {
      let error = errno
      _ = close(wake)
      _ = close(epoll)
      throw .system(call: "epoll_ctl", errno: error)
    }
  }

  func watch(_ handler: some Readable) -> Bool {
    state.withLock { $0.handlers[handler.id] = handler }
    return control(EPOLL_CTL_ADD, handler.descriptor, id: handler.id)
  }

  /// A descriptor with no events asked for would still report that its peer is gone, again and again
  /// (epoll_ctl(2)): it must be taken out.
  func mute(_ handler: some Readable) {
    _ = control(EPOLL_CTL_DEL, handler.descriptor, id: handler.id)
  }

  func remove(_ handler: some Readable) {
    mute(handler)
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

  private func control(_ operation: Int32, _ descriptor: Int32, id: UInt64) -> Bool {
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: id))
    return epoll_ctl(epoll, operation, descriptor, &event) == 0
  }

  func run() {
    withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.batch) { events in
      var ready: [any Readable] = []
      while true {
        let count = epoll_wait(epoll, events.baseAddress, Int32(Self.batch), -1)
        // No other error can come of arguments that are right (epoll_wait(2)).
        if count < 0, errno != EINTR { break }
        var isWoken = false
        state.withLock { state in
          for event in events.prefix(Int(max(0, count))) {
            if event.data.u64 == Self.wakeID { isWoken = true }
            // One that is not there was let go of after its event came.
            if let handler = state.handlers[event.data.u64] { ready.append(handler) }
          }
        }
        for handler in ready { handler.readable() }
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
