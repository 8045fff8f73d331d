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
  /// What it is good for.
  public let scope: TokenScope
  /// When it was made.
  public let createdAt: Date
  /// When it stops working by itself; `nil` is never.
  public let expiresAt: Date?
  /// When it was last used, to the round of tidying up; `nil` when that is not known.
  public let usedAt: Date?
  /// When it was stopped from working.
  public let revokedAt: Date?

  /// All fields.
  package init(
    id: TokenID, digest: SHA256Digest, user: UserID?, label: String, scope: TokenScope,
    createdAt: Date, expiresAt: Date?, usedAt: Date?, revokedAt: Date?
  ) {
    self.id = id
    self.digest = digest
    self.user = user
    self.label = label
    self.scope = scope
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.usedAt = usedAt
    self.revokedAt = revokedAt
  }
}
