/// One step of the database's schema.
public struct Migration: Sendable {
  /// The file's name without its extension.
  public let identifier: String
  /// Statements that take the schema from the step before to this one.
  public let sql: String

  package init(identifier: String, sql: String) {
    self.identifier = identifier
    self.sql = sql
  }
}

/// Every step of the schema, oldest first; the database's `user_version` counts those applied.
///
/// A step that has been released is never edited: a change is a further file. Steps run inside one
/// transaction with foreign keys off, so they hold no `PRAGMA journal_mode` or `foreign_keys`
/// (<https://www.sqlite.org/pragma.html>: both do nothing or fail inside a transaction).
public let migrations: [Migration] = [
  Migration(
    identifier: "m001_initial",
    sql: String(decoding: PackageResources.m001_initial_sql, as: UTF8.self)),
  Migration(
    identifier: "m002_dataset_fingerprint",
    sql: String(decoding: PackageResources.m002_dataset_fingerprint_sql, as: UTF8.self)),
  Migration(
    identifier: "m003_fair_and_bounded",
    sql: String(decoding: PackageResources.m003_fair_and_bounded_sql, as: UTF8.self)),
  Migration(
    identifier: "m004_budgets",
    sql: String(decoding: PackageResources.m004_budgets_sql, as: UTF8.self)),
  Migration(
    identifier: "m005_retention",
    sql: String(decoding: PackageResources.m005_retention_sql, as: UTF8.self)),
  Migration(
    identifier: "m006_steady_leases",
    sql: String(decoding: PackageResources.m006_steady_leases_sql, as: UTF8.self)),
  Migration(
    identifier: "m007_token_scopes",
    sql: String(decoding: PackageResources.m007_token_scopes_sql, as: UTF8.self)),
  Migration(
    identifier: "m008_default_base_model",
    sql: String(decoding: PackageResources.m008_default_base_model_sql, as: UTF8.self)),
  Migration(
    identifier: "m009_short_rows",
    sql: String(decoding: PackageResources.m009_short_rows_sql, as: UTF8.self)),
  Migration(
    identifier: "m010_daily_life",
    sql: String(decoding: PackageResources.m010_daily_life_sql, as: UTF8.self)),
  Migration(
    identifier: "m011_worker_labels",
    sql: String(decoding: PackageResources.m011_worker_labels_sql, as: UTF8.self)),
]

/// Every step of PostgreSQL's schema, oldest first; the table `crisp_schema` counts those applied. Each runs
/// inside one transaction with all others that are missing.
public let postgresMigrations: [Migration] = [
  Migration(
    identifier: "p001_initial",
    sql: String(decoding: PackageResources.p001_initial_sql, as: UTF8.self)),
  Migration(
    identifier: "p002_blob_places",
    sql: String(decoding: PackageResources.p002_blob_places_sql, as: UTF8.self)),
  Migration(
    identifier: "p003_stored_datasets",
    sql: String(decoding: PackageResources.p003_stored_datasets_sql, as: UTF8.self)),
  Migration(
    identifier: "p004_daily_life",
    sql: String(decoding: PackageResources.p004_daily_life_sql, as: UTF8.self)),
  Migration(
    identifier: "p005_worker_labels",
    sql: String(decoding: PackageResources.p005_worker_labels_sql, as: UTF8.self)),
  Migration(
    identifier: "p006_users_index",
    sql: String(decoding: PackageResources.p006_users_index_sql, as: UTF8.self)),
]
