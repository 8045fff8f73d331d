import Foundation

/// What every store holds to, whatever keeps its rows.
package enum StoreRules {
  /// Bytes and counts: no more than a file of SQLite's has bytes (https://www.sqlite.org/limits.html, 281
  /// terabytes). Thousands of them add up without overflow.
  package static let amounts: ClosedRange<Int64> = 0...(1 << 48)
  /// Priorities, of which callers choose a few.
  package static let priorities: ClosedRange<Int64> = Int64(Int32.min)...Int64(Int32.max)
  /// The most turns that one job costs.
  package static let largestCost = 1_000_000_000
  /// What a finished job's events and links count as, whatever they take.
  package static let bytesPerJob: Int64 = 16 << 10

  /// Milliseconds for which a user who was seen need not be written down again.
  package static let seenInterval: Int64 = 3_600_000

  /// - Throws: ``StoreError/inUse(_:_:by:)`` for a base model that jobs wait for or run with.
  /// - Parameter jobs: Some of them.
  package static func requireIdle(_ baseModel: String, openJobs: Int, jobs: [JobID]) throws {
    guard openJobs > 0 else { return }
    let named = jobs.map(\.rawValue).joined(separator: ", ")
    throw StoreError.inUse(
      .baseModel, baseModel,
      by:
        "\(openJobs) jobs that wait or run (\(named)\(openJobs > jobs.count ? ", …" : "")): let them end, or "
        + "cancel them")
  }

  /// The error of a data set that base models need.
  package static func datasetInUse(_ name: String, by baseModels: [String]) -> StoreError {
    let named = baseModels.prefix(10).joined(separator: ", ")
    return .inUse(
      .dataset, name,
      by: "base models (\(named)\(baseModels.count > 10 ? ", …" : "")): remove those first")
  }

  /// - Throws: ``StoreError/inUse(_:_:by:)`` for a base model that is not to be removed.
  package static func requireUnneeded(
    _ baseModel: String, models: Int, isDefault: Bool, hasOthers: Bool
  ) throws {
    guard models == 0 else {
      throw StoreError.inUse(
        .baseModel, baseModel,
        by: "\(models) models that were made of it: remove it with them, --with-models")
    }
    guard !isDefault || !hasOthers else {
      throw StoreError.inUse(
        .baseModel, baseModel,
        by: "requests that name no base model: choose another default first")
    }
  }

  /// The error of a job whose workers died too often, as JSON.
  package static func diedRepeatedly(_ deaths: Int) -> String {
    """
    {"code":"worker_died_repeatedly","message":"the job's worker died \(deaths) times without finishing an iteration",\
    "param":null}
    """
  }

  /// - Throws: ``StoreError/invalidValue(field:reason:)`` for a label, a scope or a lifetime that no token
  ///   has. Whether a lifetime is too long, the sum with the present time says.
  package static func validateToken(
    of user: UserID?, label: String, scope: TokenScope, lifetime: TimeInterval?
  ) throws {
    try FieldText.validate(label, field: "token label")
    guard scope != .metrics || user == nil else {
      throw StoreError.invalidValue(
        field: "token scope",
        reason: "must not be metrics for a user's token: that is an operator's")
    }
    if let lifetime, lifetime < 1 {
      throw StoreError.invalidValue(
        field: "token lifetime", reason: "must be seconds from 1 to a century")
    }
  }
}

extension DatasetRecord {
  /// - Throws: ``StoreError/invalidValue(field:reason:)``.
  package func validate() throws {
    try FieldText.validate(name, field: "data set name")
    try FieldText.validate(path, field: "data set path", maximumByteCount: 4096)
    try FieldText.validate(format, field: "data set format")
  }
}

extension BaseModelRecord {
  /// - Throws: ``StoreError/invalidValue(field:reason:)``.
  package func validate() throws {
    try FieldText.validate(name, field: "base model name")
    try FieldText.validate(architecture, field: "architecture")
    guard parameterCount >= 0 else {
      throw StoreError.invalidValue(field: "parameter count", reason: "must not be negative")
    }
  }
}

extension SpeedRecord {
  /// - Throws: ``StoreError/invalidValue(field:reason:)``.
  package func validate(machine: String) throws {
    try FieldText.validate(machine, field: "machine")
    guard unitsPerSecond > 0, unitsPerSecond.isFinite, jobs >= 0 else {
      throw StoreError.invalidValue(field: "speed", reason: "must be positive and finite")
    }
  }
}

extension NewEvent {
  /// The details as text.
  /// - Throws: ``StoreError/invalidValue(field:reason:)`` for an event that no log takes.
  package func checkedData() throws -> String? {
    try FieldText.validate(type, field: "event type")
    guard !message.utf8.contains(0) else {
      throw StoreError.invalidValue(field: "event message", reason: "must not hold NUL")
    }
    return try data.map { try JSONColumn.text($0, field: "event data") }
  }
}
