import Foundation
import Synchronization

/// The server there is at the moment, for clients that live longer than one.
final class Fleet: @unchecked Sendable {
  private let condition = NSCondition()
  private var current: (generation: Int, client: HTTPClient)?
  private var generation = 0
  private var isClosing = false

  /// Whether clients shall end after what they are doing.
  var isEnding: Bool {
    condition.lock()
    defer { condition.unlock() }
    return isClosing
  }

  func present(_ client: HTTPClient) {
    condition.lock()
    generation += 1
    current = (generation, client)
    condition.broadcast()
    condition.unlock()
  }

  func end() {
    condition.lock()
    isClosing = true
    condition.unlock()
  }

  /// Does something until a server has answered. Only a server that is gone is an excuse.
  func insist(_ body: (HTTPClient) throws -> Void) throws {
    var tried = 0
    while true {
      condition.lock()
      while current?.generation ?? 0 <= tried {
        guard condition.wait(until: Date(timeIntervalSinceNow: 60)) else {
          condition.unlock()
          throw CrashClient.Wrong(description: "no server for a minute")
        }
      }
      let next = current
      condition.unlock()
      guard let next else { continue }
      do { return try body(next.client) } catch is HTTPClient.Failure { tried = next.generation }
    }
  }
}
