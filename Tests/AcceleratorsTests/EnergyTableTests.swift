import Accelerators
import Foundation
import Testing

@Suite struct EnergyTableTests {
  private func table(_ change: (inout [String: [String: Any]]) -> Void) throws -> Data {
    var actions: [String: [String: Any]] = [:]
    for action in EnergyTable.Action.allCases {
      actions[action.rawValue] = ["picojoules": 1.5, "source": "a test"]
    }
    change(&actions)
    return try JSONSerialization.data(withJSONObject: ["actions": actions])
  }

  @Test func everyActionHasItsEnergy() throws {
    let energies = try EnergyTable(json: table { _ in })
    for action in EnergyTable.Action.allCases { #expect(energies[action] == 1.5) }
  }

  @Test(arguments: EnergyTable.Action.allCases)
  func aMissingActionIsNamed(action: EnergyTable.Action) throws {
    let json = try table { $0[action.rawValue] = nil }
    #expect(throws: AcceleratorError.missingAction(action.rawValue)) {
      try EnergyTable(json: json)
    }
  }

  @Test func whatIsNoTableIsRefused() throws {
    let negative = try table { $0["dram"] = ["picojoules": -1, "source": ""] }
    #expect(throws: AcceleratorError.invalidEnergy(action: "dram")) {
      try EnergyTable(json: negative)
    }
    let unknown = try table { $0["l9"] = ["picojoules": 1, "source": ""] }
    #expect(throws: AcceleratorError.self) { try EnergyTable(json: unknown) }
    #expect(throws: AcceleratorError.self) { try EnergyTable(json: Data("[]".utf8)) }
  }

  /// What Foundation's decoder would take, one way or the other.
  @Test(arguments: [
    (#"{"name": 1, "name": 2, "#, "appears twice"), (#"{"name": [1,], "#, "a value is missing"),
  ])
  func laxJSONIsRefused(start: String, says words: String) throws {
    let valid = String(decoding: try table { _ in }, as: UTF8.self)
    let error = #expect(throws: AcceleratorError.self) {
      try EnergyTable(json: Data((start + valid.dropFirst()).utf8))
    }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }
}
