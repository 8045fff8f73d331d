import Digests

/// Access tokens. The secret itself is never seen here.
public protocol TokenRegistry: Sendable {
  /// Adds a token; makes the user where there is none.
  /// - Parameters:
  ///   - digest: SHA-256 of the secret.
  ///   - user: Whose token; `nil` for an operator's.
  ///   - label: What the operator calls it, 1 to 256 bytes.
  /// - Throws: ``StoreError/nameTaken(_:_:)`` when the secret is in use.
  func addToken(digest: SHA256Digest, user: UserID?, label: String) throws -> TokenRecord

  /// All tokens, oldest first, revoked ones too.
  func tokens() throws -> [TokenRecord]

  /// The token of this secret, unless it is unknown or revoked.
  ///
  /// Found by its digest, so that the look-up's time tells nothing about the secret.
  func activeToken(digest: SHA256Digest) throws -> TokenRecord?

  /// Whether any token works.
  func hasActiveToken() throws -> Bool

  /// Stops a token from working; revoking twice keeps the first time.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func revokeToken(_ id: TokenID) throws
}
