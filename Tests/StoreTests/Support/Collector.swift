import Foundation

/// Gathers values from many threads.
final class Collector<Element: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var collected: [Element] = []

  var values: [Element] { lock.withLock { collected } }

  func append(_ element: Element) { lock.withLock { collected.append(element) } }
}
