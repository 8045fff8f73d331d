import Digests
import Foundation

/// An access token, known by its digest only.
public struct TokenRecord: Equatable, Sendable {
  /// The token's public name.
  public let id: TokenID
  /// SHA-256 of the secret.
  public let digest: SHA256Digest
  /// Whose token; `nil` for an operator's, which sees everything.
  public let user: UserID?
  /// What the operator calls it.
  public let label: String
  /// When it was made.
  public let createdAt: Date
  /// When it stopped working.
  public let revokedAt: Date?
}
