import ArgumentParser
import Foundation

/// `0.8,0.9`: numbers, separated by commas.
struct NumberList<Number: LosslessStringConvertible & Sendable>: ExpressibleByArgument {
  let values: [Number]

  init(_ values: [Number]) { self.values = values }

  init?(argument: String) {
    var values: [Number] = []
    for piece in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let value = Number(piece.trimmingCharacters(in: .whitespaces)) else { return nil }
      values.append(value)
    }
    self.values = values
  }

  var defaultValueDescription: String { values.map { "\($0)" }.joined(separator: ",") }
}
