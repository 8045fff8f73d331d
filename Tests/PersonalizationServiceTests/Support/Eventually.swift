import Foundation
import Testing

/// Waits for what happens on another queue, at most for half a minute.
func eventually(
  sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) throws {
  for _ in 0..<3000 {
    if try condition() { return }
    usleep(10_000)
  }
  Issue.record("it did not happen", sourceLocation: sourceLocation)
}
