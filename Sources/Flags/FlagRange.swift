import ArgumentParser
import Inputs

extension InputRange {
  /// Throws a sentence that names the flag and its range unless the value, if there is one, lies in it.
  package func check(_ value: Value?, _ flag: String, _ unit: String = "") throws {
    guard let value, !contains(value) else { return }
    throw ValidationError("\(flag) \(requirement(unit)).")
  }
}
