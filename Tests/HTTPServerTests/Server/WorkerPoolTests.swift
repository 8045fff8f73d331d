import HTTPServer
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
  /// A worker that is about to send an answer has left its place: who reads that may ask again at once.
  @Test(arguments: [true, false])
  func whoLeavesMakesRoom(leaves: Bool) {
    let pool = WorkerPool(label: "test", workers: 1, backlog: 0)
    let (told, done) = (Signal(), Signal())
    let accepted = Mutex<[Bool]>([])
    let isTaken = pool.submit { leave in
      if leaves {
        leave()
        leave()
      }
      for _ in 0..<2 {
        let isAccepted = pool.submit { _ in done.set() }
        accepted.withLock { $0.append(isAccepted) }
      }
      told.set()
    }
    #expect(isTaken && told.wait())
    #expect(accepted.withLock { $0 } == [leaves, false])
    if leaves { #expect(done.wait()) }
  }
}
