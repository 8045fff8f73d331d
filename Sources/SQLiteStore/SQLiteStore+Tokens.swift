import Digests
import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// See ``TokenRegistry/addToken(digest:user:label:scope:lifetime:)``.
  public func addToken(
    digest: SHA256Digest, user: UserID?, label: String, scope: TokenScope, lifetime: TimeInterval?
  ) throws -> TokenRecord {
    try StoreRules.validateToken(of: user, label: label, scope: scope, lifetime: lifetime)
    return try write { db, now in
      if let user { try db.ensureUser(user.text, now: now) }
      let id = TokenID.random()
      let expiry = try lifetime.map {
        try Timestamp.milliseconds(now, plus: $0, field: "token lifetime")
      }
      let added = try db.run(
        """
        INSERT INTO tokens (id, digest, user, label, created_at, scope, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING
        """, [id.rawValue, digest.hex, user?.text, label, now, scope.rawValue, expiry])
      guard added == 1 else { throw StoreError.nameTaken(.token, label) }
      return TokenRecord(
        id: id, digest: digest, user: user, label: label, scope: scope,
        createdAt: Timestamp.date(now), expiresAt: expiry.map(Timestamp.date), usedAt: nil,
        revokedAt: nil)
    }
  }

  /// See ``TokenRegistry/tokens()``.
  public func tokens() throws -> [TokenRecord] {
    try read { db in
      try db.all("SELECT * FROM tokens ORDER BY created_at, rowid").map { try db.tokenRecord($0) }
    }
  }

  /// See ``TokenRegistry/activeToken(digest:)``.
  public func activeToken(digest: SHA256Digest) throws -> TokenRecord? {
    let record = try read { db in
      try db.first(
        "SELECT * FROM tokens WHERE digest = ? AND revoked_at IS NULL", [digest.hex]
      ).map { try db.tokenRecord($0) }
    }
    guard let record, record.expiresAt.map({ $0 > clock.date() }) ?? true else { return nil }
    return record
  }

  /// See ``TokenRegistry/hasActiveToken()``.
  public func hasActiveToken() throws -> Bool {
    try read { db in try db.first("SELECT 1 FROM tokens WHERE revoked_at IS NULL", []) != nil }
  }

  /// See ``TokenRegistry/markUsed(_:)``.
  public func markUsed(_ ids: [TokenID]) throws {
    guard !ids.isEmpty else { return }
    try write { db, now in
      for id in ids {
        try db.run("UPDATE tokens SET used_at = ? WHERE id = ?", [now, id.rawValue])
        try db.noteSeen("SELECT user FROM tokens WHERE id = ?3", [id.rawValue], now: now)
      }
    }
  }

  /// See ``TokenRegistry/revokeToken(_:)``.
  public func revokeToken(_ id: TokenID) throws {
    try write { db, now in
      let found = try db.run(
        "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?",
        [now, id.rawValue])
      guard found == 1 else { throw StoreError.notFound(.token, id.rawValue) }
    }
  }
}

extension Database {
  func tokenRecord(_ row: Row) throws -> TokenRecord {
    TokenRecord(
      id: try row.identifier("id", as: TokenID.self), digest: try row.digest("digest"),
      user: try row.optionalUser("user"), label: try row.text("label"),
      // Databases of earlier versions, which may be read as they are, have tokens for everything only.
      scope: row.hasColumn("scope") ? try row.value("scope", TokenScope.init(rawValue:)) : .all,
      createdAt: try row.date("created_at"),
      expiresAt: row.hasColumn("expires_at") ? try row.optionalDate("expires_at") : nil,
      usedAt: row.hasColumn("used_at") ? try row.optionalDate("used_at") : nil,
      revokedAt: try row.optionalDate("revoked_at"))
  }
}
