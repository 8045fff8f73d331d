/// A value of a row on its way from one store to another.
package enum MovedValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
}

/// A table of rows on their way: what it is called and what it holds where many use it, see
/// `Migrations/postgres`. Bytes of blobs go another way.
package struct MovedTable: Hashable, Sendable {
  package let name: String
  package let columns: [String]
  /// Columns of yes and no.
  package let flags: Set<String>

  private init(_ name: String, _ columns: [String], flags: Set<String> = []) {
    self.name = name
    self.columns = columns
    self.flags = flags
  }

  /// All of them, in an order in which rows refer to earlier tables only.
  package static let all = [
    MovedTable("users", ["id", "created_at", "seen_at"]),
    MovedTable(
      "datasets",
      ["name", "path", "format", "digest", "classes", "counts", "fingerprint", "created_at"]),
    MovedTable(
      "base_models",
      [
        "name", "architecture", "blob", "dataset", "labels", "digest", "parameter_count",
        "metadata", "is_default", "created_at",
      ], flags: ["is_default"]),
    MovedTable(
      "profiles",
      [
        "user_id", "version", "base_model", "classes", "first_classes", "class_count", "profile",
        "bytes", "created_at",
      ]),
    MovedTable(
      "jobs",
      [
        "number", "id", "owner", "status", "priority", "turn", "cost", "fingerprint", "base_model",
        "profile", "first_profile", "class_count", "recipe", "seed", "metadata", "estimate",
        "memory_estimate", "created_at", "started_at", "finished_at", "attempt", "deaths",
        "cancel_requested", "error", "log_kept", "requires",
      ], flags: ["cancel_requested", "log_kept"]),
    MovedTable(
      "job_leases",
      ["job", "attempt", "expires_at", "memory_estimate", "memory_used", "is_spared"],
      flags: ["is_spared"]),
    MovedTable("job_progress", ["job", "progress"]),
    MovedTable("job_requesters", ["user_id", "job", "added_at", "priority", "bytes"]),
    MovedTable("idempotency_keys", ["user_id", "key", "request", "job", "created_at"]),
    MovedTable(
      "job_events", ["job", "sequence", "level", "type", "message", "data", "created_at"]),
    MovedTable("checkpoints", ["job", "iteration", "attempt", "blob", "created_at"]),
    MovedTable(
      "models",
      [
        "number", "id", "fingerprint", "job", "base_model", "blob", "size", "labels",
        "first_labels", "label_count", "card", "short_card", "metadata", "created_at", "used_at",
      ]),
    MovedTable("model_files", ["model", "name", "blob", "size", "media_type"]),
    MovedTable("model_users", ["user_id", "model", "added_at"]),
    MovedTable(
      "tokens",
      [
        "id", "digest", "user_id", "label", "scope", "created_at", "expires_at", "used_at",
        "revoked_at",
      ]),
    MovedTable("speeds", ["base_model", "machine", "units_per_second", "jobs"]),
    MovedTable("queue_turns", ["priority", "turn"]),
    MovedTable("user_turns", ["user_id", "priority", "turn"]),
    MovedTable("queue_pause", ["is_only", "paused_at"], flags: ["is_only"]),
  ]
}
