import Digests
import GRDB

extension SQLiteStore {
  /// See ``TokenRegistry/addToken(digest:user:label:)``.
  public func addToken(digest: SHA256Digest, user: UserID?, label: String) throws -> TokenRecord {
    try FieldText.validate(label, field: "token label")
    return try write { db, now in
      if let user { try db.ensureUser(user.text, now: now) }
      let id = TokenID.random()
      let added = try db.run(
        """
        INSERT INTO tokens (id, digest, user, label, created_at) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (digest) DO NOTHING
        """, [id.rawValue, digest.hex, user?.text, label, now])
      guard added == 1 else { throw StoreError.nameTaken(.token, label) }
      return TokenRecord(
        id: id, digest: digest, user: user, label: label, createdAt: Timestamp.date(now),
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
    try read { db in
      try db.first(
        "SELECT * FROM tokens WHERE digest = ? AND revoked_at IS NULL", [digest.hex]
      ).map { try db.tokenRecord($0) }
    }
  }

  /// See ``TokenRegistry/hasActiveToken()``.
  public func hasActiveToken() throws -> Bool {
    try read { db in try db.first("SELECT 1 FROM tokens WHERE revoked_at IS NULL", []) != nil }
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
      createdAt: try row.date("created_at"), revokedAt: try row.optionalDate("revoked_at"))
  }
}
