import Pruning

/// Why the service cannot start, or a job or a prediction cannot use what there is.
public enum ServiceError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Beyond loopback a server needs TLS and tokens.
  case exposedWithoutProtection(host: String)
  /// Beyond loopback a server needs tokens, and there is none.
  case exposedWithoutTokens(host: String)
  /// A registered data set's files are not what they were.
  case datasetChanged(name: String, path: String)
  /// A model file and the data set it is to be registered with do not fit.
  case labelMismatch(model: String, missing: String, dataset: String)
  /// Other models are being converted to other formats.
  case conversionsBusy
  /// A prediction's turn did not come in time.
  case predictionsBusy
  /// A model needs more bytes than all models together may take for predictions.
  case modelExceedsMemory(bytes: Int, limit: Int)

  /// A job took several times what it was expected to.
  case jobExceededEstimate(RunEstimate.Resource, taken: Double, estimated: Double)

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .exposedWithoutProtection: "exposed_without_protection"
    case .exposedWithoutTokens: "exposed_without_tokens"
    case .datasetChanged: "dataset_changed"
    case .labelMismatch: "label_mismatch"
    case .conversionsBusy: "conversions_busy"
    case .predictionsBusy: "predictions_busy"
    case .modelExceedsMemory: "model_exceeds_memory"
    case .jobExceededEstimate: "job_exceeded_estimate"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .exposedWithoutProtection(let host):
      "listening on '\(host)' would expose every user's models without TLS and tokens; give "
        + "--tls-cert and --tls-key, use a loopback address, or --insecure if something else "
        + "protects this one"
    case .exposedWithoutTokens(let host):
      "listening on '\(host)' would let everyone see every user's models: make a token with "
        + "crisp-server token create, or start with --require-tokens, or with --insecure if "
        + "something else protects this address"
    case .datasetChanged(let name, let path):
      "the files of the data set '\(name)'\(path.isEmpty ? "" : " in '\(path)'") have changed since it was registered; "
        + "register them under a new name"
    case .labelMismatch(let model, let missing, let dataset):
      "the model '\(model)' has the label '\(missing)', which is not a class of the data set "
        + "'\(dataset)'"
    case .conversionsBusy:
      "other models are being converted; try again"
    case .predictionsBusy:
      "too many predictions are under way; try again"
    case .modelExceedsMemory(let bytes, let limit):
      "the model needs \(bytes) bytes to answer, of \(limit) that the server keeps for predictions; "
        + "its operator can raise --prediction-memory"
    case .jobExceededEstimate(let resource, let taken, let estimated):
      "the job was ended: it took \(JobEstimator.text(taken, resource)) and was estimated at "
        + "\(JobEstimator.text(estimated, resource))"
    }
  }
}
