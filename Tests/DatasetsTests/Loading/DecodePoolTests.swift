import Cores
import Datasets
import Dispatch
import Foundation
import Synchronization
import Testing

@Suite struct DecodePoolTests {
  private struct Watch {
    var running = 0
    var most = 0
    var started: [Int] = []
  }

  /// However much is asked for, no more pictures are held decoded than there are threads.
  @Test(arguments: [1, 2, 1000]) func atMostOneItemAThreadIsWorkedOn(_ threads: Int) {
    let pool = DecodePool(threads: threads)
    #expect(pool.threads <= Cores.usable)
    let watch = Mutex(Watch())
    let groups = (0..<5).map { job in
      pool.submit(40) { index in
        watch.withLock { watch in
          watch.running += 1
          watch.most = max(watch.most, watch.running)
          watch.started.append(job * 40 + index)
        }
        watch.withLock { $0.running -= 1 }
      }
    }
    for group in groups { group.wait() }
    let seen = watch.withLock { $0 }
    #expect(seen.most <= pool.threads)
    #expect(seen.started.sorted() == Array(0..<200), "each once")
    if threads == 1 { #expect(seen.started == Array(0..<200), "in the order of asking") }
  }

  @Test func thereIsAlwaysAThread() {
    #expect(DecodePool(threads: -3).threads == 1)
    let done = Mutex(0)
    DecodePool(threads: 0).submit(0) { _ in done.withLock { $0 += 1 } }.wait()
    #expect(done.withLock { $0 } == 0)
  }
}
