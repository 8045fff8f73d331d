import GRDB
import Store

extension SQLiteStore {
  /// See ``SpeedRegistry/speed(ofBaseModel:machine:)``.
  public func speed(ofBaseModel name: String, machine: String) throws -> SpeedRecord? {
    try read { db in
      try db.first(
        "SELECT units_per_second, jobs FROM speeds WHERE base_model = ? AND machine = ?",
        [name, machine]
      ).map { row in
        SpeedRecord(
          unitsPerSecond: try row.decode(forColumn: "units_per_second"),
          jobs: try row.int("jobs"))
      }
    }
  }

  /// See ``SpeedRegistry/baseModels(withoutSpeedOn:)``.
  public func baseModels(withoutSpeedOn machine: String) throws -> [String] {
    try read { db in
      try db.all(
        """
        SELECT name FROM base_models b WHERE NOT EXISTS
          (SELECT 1 FROM speeds s WHERE s.base_model = b.name AND s.machine = ?) ORDER BY name
        """, [machine]
      ).map { try $0.text("name") }
    }
  }

  /// See ``SpeedRegistry/setSpeed(_:ofBaseModel:machine:)``.
  public func setSpeed(_ speed: SpeedRecord, ofBaseModel name: String, machine: String) throws {
    try speed.validate(machine: machine)
    try write { db, _ in
      guard try db.first("SELECT 1 FROM base_models WHERE name = ?", [name]) != nil else {
        throw StoreError.notFound(.baseModel, name)
      }
      try db.run(
        """
        INSERT INTO speeds (base_model, machine, units_per_second, jobs) VALUES (?, ?, ?, ?)
        ON CONFLICT (base_model, machine) DO UPDATE SET
          units_per_second = excluded.units_per_second, jobs = excluded.jobs
        """, [name, machine, speed.unitsPerSecond, speed.jobs])
    }
  }
}
