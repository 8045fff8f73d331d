import Foundation
import Store

/// What an operator is told of a token; never its secret.
public struct TokenSummary: Encodable, Sendable {
  /// `token_…`, to revoke it by.
  public let id: String
  /// Whose token; nil for an operator's.
  public let user: String?
  /// What the operator calls it.
  public let label: String
  /// `all`, `read` or `metrics`.
  public let scope: String
  /// Unix seconds.
  public let createdAt: Int
  /// Unix seconds; nil when it never stops working by itself.
  public let expiresAt: Int?
  /// Unix seconds of its last use, to the round of tidying up; nil when that is not known.
  public let usedAt: Int?
  /// Unix seconds; nil while it works.
  public let revokedAt: Int?

  enum CodingKeys: String, CodingKey {
    case id, user, label, scope
    case createdAt = "created_at"
    case expiresAt = "expires_at"
    case usedAt = "used_at"
    case revokedAt = "revoked_at"
  }

  /// What may be said of a record.
  package init(_ record: TokenRecord) {
    id = record.id.rawValue
    user = record.user?.text
    label = record.label
    scope = record.scope.rawValue
    createdAt = API.seconds(record.createdAt)
    expiresAt = record.expiresAt.map(API.seconds)
    usedAt = record.usedAt.map(API.seconds)
    revokedAt = record.revokedAt.map(API.seconds)
  }

  /// Writes null for what is absent.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(user, forKey: .user)
    try container.encode(label, forKey: .label)
    try container.encode(scope, forKey: .scope)
    try container.encode(createdAt, forKey: .createdAt)
    try container.encode(expiresAt, forKey: .expiresAt)
    try container.encode(usedAt, forKey: .usedAt)
    try container.encode(revokedAt, forKey: .revokedAt)
  }
}
