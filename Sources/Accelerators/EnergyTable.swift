import Foundation
import Inputs

/// Picojoules of every action, the same for all designs, each with its source.
public struct EnergyTable: Sendable, Equatable {
  /// What costs energy.
  public enum Action: String, Sendable, CaseIterable {
    /// A multiply-add of 8 bits, and of 16.
    case multiply8 = "multiply_8"
    case multiply16 = "multiply_16"
    /// Reading the register in a processing element, a word.
    case elementRead = "element_read"
    /// Reading or writing a sum in a register file.
    case registerRead = "register_read"
    case registerWrite = "register_write"
    /// Reading or writing a word of shared memory.
    case sharedRead = "shared_read"
    case sharedWrite = "shared_write"
    /// Reading or writing a byte of metadata.
    case metadataRead = "metadata_read"
    case metadataWrite = "metadata_write"
    /// Moving a byte from or to DRAM.
    case dram
  }

  private let picojoules: [Action: Double]

  /// Picojoules of one action; ``init(json:)`` makes sure that every action has them.
  public subscript(action: Action) -> Double { picojoules[action] ?? 0 }

  private struct Entry: Decodable {
    let picojoules: Double
    let source: String
  }

  /// - Parameter json: `{"name": …, "actions": {"dram": {"picojoules": 64, "source": "…"}, …}}`.
  /// - Throws: ``AcceleratorError/malformedTable(_:)``, ``AcceleratorError/missingAction(_:)`` or
  ///   ``AcceleratorError/invalidEnergy(action:)``.
  public init(json: Data) throws(AcceleratorError) {
    struct Table: Decodable { let actions: [String: Entry] }
    let table: Table
    do {
      try JSONReader.check(Array(json), limits: JSONLimits(depth: 16))
      table = try JSONDecoder().decode(Table.self, from: json)
    } catch let fault as JSONFault {
      throw .malformedTable("it is not JSON: \(fault.text(in: Array(json)))")
    } catch {
      throw .malformedTable(
        "it must be {\"actions\": {NAME: {\"picojoules\": NUMBER, \"source\": TEXT}}}")
    }
    var picojoules: [Action: Double] = [:]
    for action in Action.allCases {
      guard let entry = table.actions[action.rawValue] else {
        throw .missingAction(action.rawValue)
      }
      guard (0...1e6).contains(entry.picojoules) else {
        throw .invalidEnergy(action: action.rawValue)
      }
      picojoules[action] = entry.picojoules
    }
    if let unknown = table.actions.keys.sorted().first(where: { Action(rawValue: $0) == nil }) {
      throw .malformedTable("'\(unknown.echoed(64))' is not an action that the model knows")
    }
    self.picojoules = picojoules
  }

  /// 45 nm, the table that every comparison uses.
  public static func standard() throws(AcceleratorError) -> EnergyTable {
    try EnergyTable(json: Data(PackageResources.energy_45nm_json))
  }
}
