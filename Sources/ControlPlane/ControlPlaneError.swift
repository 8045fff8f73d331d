/// Why a request cannot have what it asks for although nothing is wrong with it.
public enum ControlPlaneError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Other models are being converted to other formats.
  case conversionsBusy
  /// A prediction's turn did not come in time.
  case predictionsBusy
  /// A model needs more bytes than all models together may take for predictions.
  case modelExceedsMemory(bytes: Int, limit: Int)

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .conversionsBusy: "conversions_busy"
    case .predictionsBusy: "predictions_busy"
    case .modelExceedsMemory: "model_exceeds_memory"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .conversionsBusy:
      "other models are being converted; try again"
    case .predictionsBusy:
      "too many predictions are under way; try again"
    case .modelExceedsMemory(let bytes, let limit):
      "the model needs \(bytes) bytes to answer, of \(limit) that the server keeps for predictions; "
        + "its operator can raise --prediction-memory"
    }
  }
}
