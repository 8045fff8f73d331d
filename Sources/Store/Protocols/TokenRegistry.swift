import Digests
import Foundation

/// Access tokens. The secret itself is never seen here.
public protocol TokenRegistry: Sendable {
  /// Adds a token; makes the user where there is none.
  /// - Parameters:
  ///   - digest: SHA-256 of the secret.
  ///   - user: Whose token; `nil` for an operator's.
  ///   - label: What the operator calls it, 1 to 256 bytes.
  ///   - scope: What it is good for; ``TokenScope/metrics`` is for operators.
  ///   - lifetime: Seconds until it stops working by itself, 1 second to a century; `nil` is never.
  /// - Throws: ``StoreError/nameTaken(_:_:)`` when the secret is in use,
  ///   ``StoreError/invalidValue(field:reason:)``.
  func addToken(
    digest: SHA256Digest, user: UserID?, label: String, scope: TokenScope, lifetime: TimeInterval?
  ) throws -> TokenRecord

  /// All tokens, oldest first, revoked and expired ones too.
  func tokens() throws -> [TokenRecord]

  /// The token of this secret, unless it is unknown, revoked or expired.
  ///
  /// Found by its digest, so that the look-up's time tells nothing about the secret.
  func activeToken(digest: SHA256Digest) throws -> TokenRecord?

  /// Whether any token is not revoked. An expired one counts: time alone must not open a server.
  func hasActiveToken() throws -> Bool

  /// Writes down that tokens were used now. What there is no longer is left out.
  func markUsed(_ ids: [TokenID]) throws

  /// Stops a token from working; revoking twice keeps the first time.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func revokeToken(_ id: TokenID) throws
}

extension TokenRegistry {
  /// Adds a token for everything that never ends by itself.
  /// - Throws: as ``addToken(digest:user:label:scope:lifetime:)``.
  public func addToken(digest: SHA256Digest, user: UserID?, label: String) throws -> TokenRecord {
    try addToken(digest: digest, user: user, label: label, scope: .all, lifetime: nil)
  }
}
