import Inputs

/// What the accelerator model refuses.
public enum AcceleratorError: Error, Equatable, CustomStringConvertible {
  /// A name that is no accelerator's.
  case unknownAccelerator(String)
  /// A product whose sides or density are outside their range.
  case invalidProduct(String)
  /// A pattern of zeros whose numbers are outside their range.
  case invalidSparsity(String)
  /// An energy table that is no JSON of the right form.
  case malformedTable(String)
  /// An energy table without the energy of an action.
  case missingAction(String)
  /// An energy that is no number in 0 ≤ energy ≤ 10^6 picojoules.
  case invalidEnergy(action: String)

  /// Stable, for programs.
  public var code: String {
    switch self {
    case .unknownAccelerator: "unknown_accelerator"
    case .invalidProduct: "invalid_product"
    case .invalidSparsity: "invalid_sparsity"
    case .malformedTable: "malformed_energy_table"
    case .missingAction: "missing_energy"
    case .invalidEnergy: "invalid_energy"
    }
  }

  /// The error in a sentence.
  public var description: String {
    switch self {
    case .unknownAccelerator(let name):
      "there is no accelerator '\(name.echoed(64))'; there are "
        + Accelerator.allCases.map(\.rawValue).joined(separator: ", ")
    case .invalidProduct(let reason), .invalidSparsity(let reason): reason
    case .malformedTable(let reason): "the energy table cannot be read: \(reason)"
    case .missingAction(let action):
      "the energy table has no '\(action)'; it needs "
        + EnergyTable.Action.allCases.map(\.rawValue).joined(separator: ", ")
    case .invalidEnergy(let action):
      "the energy of '\(action)' must be a number of picojoules from 0 to 1000000"
    }
  }
}
