#if Fleet
  import Digests
  import Store

  extension PostgresStore {
    /// See ``ModelCatalog/addDataset(_:)``.
    public func addDataset(_ dataset: DatasetRecord) throws -> Registered<DatasetRecord> {
      try add(dataset) { _ in }
    }

    /// True where there is an object store: a database is no place for millions of pictures.
    public var keepsDatasets: Bool { bytes != nil }

    /// See ``ModelCatalog/addDataset(_:pieces:)``.
    public func addDataset(
      _ dataset: DatasetRecord, pieces: [SHA256Digest]
    ) throws -> Registered<DatasetRecord> {
      guard let manifest = dataset.manifest else {
        throw StoreError.invalidValue(field: "manifest", reason: "is missing")
      }
      let blobs = Set(pieces + [manifest])
      let list = blobs.map(\.hex).sorted().joined(separator: ",")
      return try add(dataset) { db in
        // Locked, so that none goes before it is referred to.
        let there = try db.all(
          "SELECT 1 FROM blobs WHERE digest = ANY (string_to_array($1, ',')) FOR KEY SHARE", [list]
        ).count
        guard there == blobs.count else { throw StoreError.notFound(.blob, "of a data set") }
        try db.run(
          "UPDATE datasets SET manifest = $1 WHERE name = $2", [manifest.hex, dataset.name])
        try db.run("DELETE FROM dataset_pieces WHERE dataset = $1", [dataset.name])
        try db.run(
          """
          INSERT INTO dataset_pieces (dataset, blob) SELECT $1, unnest(string_to_array($2, ','))
          """, [dataset.name, list])
      }
    }

    private func add(
      _ dataset: DatasetRecord, then refer: (PostgresSession) throws -> Void
    ) throws -> Registered<DatasetRecord> {
      try dataset.validate()
      let classes = try JSONColumn.text(encoding: dataset.classes, field: "classes")
      let counts = try JSONColumn.text(dataset.counts, field: "counts")
      return try write { db, now in
        try db.run(
          """
          INSERT INTO datasets (name, path, format, digest, classes, counts, fingerprint, created_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING
          """,
          [
            dataset.name, dataset.path, dataset.format, dataset.digest.hex, classes, counts,
            dataset.fingerprint?.hex, now,
          ])
        var registered = try db.dataset(dataset.name).record
        registered.fingerprint = dataset.fingerprint
        registered.manifest = dataset.manifest
        // Who has the files as blobs needs none at a path, which is another one on each machine.
        if dataset.manifest != nil { registered.path = dataset.path }
        guard registered == dataset else { throw StoreError.nameTaken(.dataset, dataset.name) }
        try db.run(
          "UPDATE datasets SET fingerprint = $1 WHERE name = $2 AND fingerprint IS DISTINCT FROM $1",
          [dataset.fingerprint?.hex, dataset.name])
        try refer(db)
        return try db.dataset(dataset.name)
      }
    }

    /// See ``ModelCatalog/dataset(_:)``.
    public func dataset(_ name: String) throws -> Registered<DatasetRecord> {
      try read { db in try db.dataset(name) }
    }

    /// See ``ModelCatalog/datasets()``.
    public func datasets() throws -> [Registered<DatasetRecord>] {
      try read { db in
        try db.all("SELECT * FROM datasets ORDER BY name").map { try db.datasetRecord($0) }
      }
    }

    /// See ``ModelCatalog/addBaseModel(_:)``.
    public func addBaseModel(_ model: BaseModelRecord) throws -> Registered<BaseModelRecord> {
      try model.validate()
      let labels = try JSONColumn.text(encoding: model.labels, field: "labels")
      let metadata = try JSONColumn.text(model.metadata, field: "metadata")
      return try write { db, now in
        _ = try db.blobRecord(model.blob)
        _ = try db.dataset(model.dataset)
        // Of two that come first at once the second clashes, and is done again.
        try db.run(
          """
          INSERT INTO base_models (name, architecture, blob, dataset, labels, digest,
            parameter_count, metadata, created_at, is_default)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NOT EXISTS (SELECT 1 FROM base_models))
          ON CONFLICT (name) DO NOTHING
          """,
          [
            model.name, model.architecture, model.blob.hex, model.dataset, labels,
            model.digest.hex, model.parameterCount, metadata, now,
          ])
        let registered = try db.baseModel(model.name)
        guard registered.record == model else { throw StoreError.nameTaken(.baseModel, model.name) }
        return registered
      }
    }

    /// See ``ModelCatalog/baseModel(_:)``.
    public func baseModel(_ name: String) throws -> Registered<BaseModelRecord> {
      try read { db in try db.baseModel(name) }
    }

    /// See ``ModelCatalog/baseModels()``.
    public func baseModels() throws -> [Registered<BaseModelRecord>] {
      try read { db in
        try db.all("SELECT * FROM base_models ORDER BY name").map { try db.baseModelRecord($0) }
      }
    }

    /// See ``ModelCatalog/defaultBaseModel()``.
    public func defaultBaseModel() throws -> String? {
      try read { db in
        try db.first("SELECT name FROM base_models WHERE is_default")?.text("name")
      }
    }

    /// See ``ModelCatalog/setDefaultBaseModel(_:)``.
    public func setDefaultBaseModel(_ name: String) throws {
      try write { db, _ in
        _ = try db.baseModel(name)
        try db.run(
          "UPDATE base_models SET is_default = false WHERE is_default AND name <> $1", [name])
        try db.run("UPDATE base_models SET is_default = true WHERE name = $1", [name])
      }
    }

    // MARK: SpeedRegistry

    /// See ``SpeedRegistry/speed(ofBaseModel:machine:)``.
    public func speed(ofBaseModel name: String, machine: String) throws -> SpeedRecord? {
      try read { db in
        try db.first(
          "SELECT units_per_second, jobs FROM speeds WHERE base_model = $1 AND machine = $2",
          [name, machine]
        ).map { row in
          SpeedRecord(unitsPerSecond: try row.number("units_per_second"), jobs: try row.int("jobs"))
        }
      }
    }

    /// See ``SpeedRegistry/baseModels(withoutSpeedOn:)``.
    public func baseModels(withoutSpeedOn machine: String) throws -> [String] {
      try read { db in
        try db.all(
          """
          SELECT name FROM base_models b WHERE NOT EXISTS
            (SELECT 1 FROM speeds s WHERE s.base_model = b.name AND s.machine = $1) ORDER BY name
          """, [machine]
        ).map { try $0.text("name") }
      }
    }

    /// See ``SpeedRegistry/setSpeed(_:ofBaseModel:machine:)``.
    public func setSpeed(_ speed: SpeedRecord, ofBaseModel name: String, machine: String) throws {
      try speed.validate(machine: machine)
      try write { db, _ in
        guard try db.first("SELECT 1 FROM base_models WHERE name = $1", [name]) != nil else {
          throw StoreError.notFound(.baseModel, name)
        }
        try db.run(
          """
          INSERT INTO speeds (base_model, machine, units_per_second, jobs) VALUES ($1, $2, $3, $4)
          ON CONFLICT (base_model, machine) DO UPDATE SET
            units_per_second = excluded.units_per_second, jobs = excluded.jobs
          """, [name, machine, speed.unitsPerSecond, speed.jobs])
      }
    }
  }

  extension PostgresSession {
    func dataset(_ name: String) throws -> Registered<DatasetRecord> {
      guard let row = try first("SELECT * FROM datasets WHERE name = $1", [name]) else {
        throw StoreError.notFound(.dataset, name)
      }
      return try datasetRecord(row)
    }

    func datasetRecord(_ row: PostgresRow) throws -> Registered<DatasetRecord> {
      Registered(
        record: DatasetRecord(
          name: try row.text("name"), path: try row.text("path"), format: try row.text("format"),
          digest: try row.digest("digest"), classes: try row.list("classes", of: String.self),
          counts: try row.document("counts"), fingerprint: try row.optionalDigest("fingerprint"),
          manifest: try row.optionalDigest("manifest")),
        createdAt: try row.date("created_at"))
    }

    func baseModel(_ name: String) throws -> Registered<BaseModelRecord> {
      guard let row = try first("SELECT * FROM base_models WHERE name = $1", [name]) else {
        throw StoreError.notFound(.baseModel, name)
      }
      return try baseModelRecord(row)
    }

    func baseModelRecord(_ row: PostgresRow) throws -> Registered<BaseModelRecord> {
      Registered(
        record: BaseModelRecord(
          name: try row.text("name"), architecture: try row.text("architecture"),
          blob: try row.digest("blob"), dataset: try row.text("dataset"),
          labels: try row.list("labels", of: String.self), digest: try row.digest("digest"),
          parameterCount: try row.amount("parameter_count"),
          metadata: try row.document("metadata")),
        createdAt: try row.date("created_at"))
    }
  }
#endif
