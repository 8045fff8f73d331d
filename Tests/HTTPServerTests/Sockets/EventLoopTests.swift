import Dispatch
import Glibc
import HTTPServer
import Synchronization
import Testing

@Suite struct EventLoopTests {
  /// One end of a socket pair that counts what it is told, reads when it is to, and wants no more of
  /// `once` after the first time.
  private final class End: Watched {
    let id: UInt64
    let descriptor: Int32
    let peer: Int32
    private let reads: Bool
    private let counts = Mutex<(reads: Int, writes: Int)>((0, 0))

    init(id: UInt64, reads: Bool = true) throws {
      var pair: [Int32] = [0, 0]
      try #require(
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair) == 0)
      (self.id, descriptor, peer, self.reads) = (id, pair[0], pair[1], reads)
    }

    deinit {
      close(descriptor)
      close(peer)
    }

    var told: (reads: Int, writes: Int) { counts.withLock { $0 } }

    func ready(_ readiness: Readiness) {
      counts.withLock { counts in
        if readiness.contains(.read) { counts.reads += 1 }
        if readiness.contains(.write) { counts.writes += 1 }
      }
      var byte: UInt8 = 0
      if reads { _ = recv(descriptor, &byte, 1, 0) }
    }

    func speak() {
      var byte: UInt8 = 1
      send(peer, &byte, 1, 0)
    }
  }

  /// Waits until the loop has been through the events that are there now.
  private func settle(_ loop: EventLoop) {
    let done = DispatchSemaphore(value: 0)
    loop.async { done.signal() }
    done.wait()
  }

  @Test func bytesAreToldOfOnceTheyAreReadAndAgainUntilThen() throws {
    let loop = try EventLoop(label: "test")
    let (reader, other) = (try End(id: 1), try End(id: 2, reads: false))
    for end in [reader, other] { #expect(loop.watch(end, for: .read, insteadOf: [])) }
    settle(loop)
    #expect(reader.told == (0, 0))
    reader.speak()
    settle(loop)
    #expect(reader.told == (1, 0))
    #expect(other.told == (0, 0))
    other.speak()
    for _ in 0..<10 { settle(loop) }
    #expect(other.told.reads >= 10)
    #expect(reader.told == (1, 0))
  }

  @Test func whatIsNotWantedIsNotTold() throws {
    let loop = try EventLoop(label: "test")
    let end = try End(id: 1)
    #expect(loop.watch(end, for: [.read, .write], insteadOf: []))
    settle(loop)
    #expect(end.told.writes > 0)
    #expect(loop.watch(end, for: .read, insteadOf: [.read, .write]))
    settle(loop)
    let writes = end.told.writes
    end.speak()
    settle(loop)
    #expect(end.told == (1, writes))
    #expect(loop.watch(end, for: [], insteadOf: .read))
    end.speak()
    // The peer's end too is no news to one that wants none: the loop would spin.
    shutdown(end.peer, Int32(SHUT_RDWR))
    settle(loop)
    #expect(end.told == (1, writes))
    #expect(loop.watch(end, for: .read, insteadOf: []))
    settle(loop)
    #expect(end.told.reads > 1)
  }

  /// Whoever waits for room must learn that there will be none.
  @Test func theEndIsReadinessForAll() throws {
    let loop = try EventLoop(label: "test")
    let end = try End(id: 1)
    var byte: UInt8 = 0
    while send(end.descriptor, &byte, 1, Int32(MSG_DONTWAIT)) == 1 {}
    #expect(loop.watch(end, for: .write, insteadOf: []))
    settle(loop)
    #expect(end.told.writes == 0)
    shutdown(end.descriptor, Int32(SHUT_RDWR))
    settle(loop)
    #expect(end.told.writes > 0)
    #expect(end.told.reads > 0)
  }

  @Test func theRemovedIsLetGo() throws {
    let loop = try EventLoop(label: "test")
    weak var gone: End?
    do {
      let end = try End(id: 1, reads: false)
      gone = end
      #expect(loop.watch(end, for: .read, insteadOf: []))
      end.speak()
      settle(loop)
      let told = end.told.reads
      #expect(told > 0)
      let last = Mutex(0)
      let done = DispatchSemaphore(value: 0)
      loop.remove(end) {
        last.withLock { $0 = end.told.reads }
        done.signal()
      }
      done.wait()
      settle(loop)
      #expect(end.told.reads == last.withLock { $0 })
    }
    settle(loop)
    #expect(gone == nil)
  }

  /// What was given to it is done although nobody holds it any more.
  @Test func aLoopThatIsLetGoEndsAfterItsTasks() throws {
    let done = DispatchSemaphore(value: 0)
    for _ in 0..<50 {
      let loop = try EventLoop(label: "test")
      loop.async { done.signal() }
    }
    for _ in 0..<50 { done.wait() }
  }
}
