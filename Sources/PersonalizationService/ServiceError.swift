/// Why the service cannot start, or cannot take what its operator registers.
public enum ServiceError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Beyond loopback a server needs TLS and tokens.
  case exposedWithoutProtection(host: String)
  /// Beyond loopback a server needs tokens, and there is none.
  case exposedWithoutTokens(host: String)
  /// A model file and the data set it is to be registered with do not fit.
  case labelMismatch(model: String, missing: String, dataset: String)
  /// What is at a path is not what a data set was registered with.
  case otherContent(dataset: String, path: String)

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .exposedWithoutProtection: "exposed_without_protection"
    case .exposedWithoutTokens: "exposed_without_tokens"
    case .labelMismatch: "label_mismatch"
    case .otherContent: "dataset_changed"
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
    case .labelMismatch(let model, let missing, let dataset):
      "the model '\(model)' has the label '\(missing)', which is not a class of the data set "
        + "'\(dataset)'"
    case .otherContent(let dataset, let path):
      "\(path) does not have the content that the data set '\(dataset)' was registered with: register "
        + "it under another name, or give the path of a copy"
    }
  }
}
