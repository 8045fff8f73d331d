/// What a token is good for.
public enum TokenScope: String, Sendable, CaseIterable {
  /// Everything that its holder may do.
  case all
  /// What changes nothing: reading, downloads, predictions.
  case read
  /// The server's figures for monitoring, and nothing else; an operator's only.
  case metrics

  /// Whether a token of this scope lets its holder do what asks for at least another.
  public func covers(_ needed: TokenScope) -> Bool {
    switch self {
    case .all: true
    case .read: needed != .all
    case .metrics: needed == .metrics
    }
  }
}
