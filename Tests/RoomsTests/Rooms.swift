/// The rooms of Documentation/design.md, from the ground up: a room uses only what stands above it,
/// and of that only what its row says.
enum Rooms {
  /// What rooms are for. A column uses itself and the columns before it.
  enum Column: Int, CaseIterable {
    /// What all use.
    case ground
    /// Goes onto devices.
    case runtime
    /// Makes models.
    case science
    /// Serves people.
    case service
    /// Parses arguments and wires.
    case programs
  }

  struct Room {
    let name: String
    let column: Column
    /// Rooms, C modules and packages that it may import; the standard library's modules are not
    /// listed.
    let uses: Set<String>

    init(_ name: String, _ column: Column, _ uses: [String] = []) {
      self.name = name
      self.column = column
      self.uses = Set(uses)
    }
  }

  static let table = [
    Room("Randomness", .ground),
    Room("ClassWeights", .ground),
    Room("Inputs", .ground),
    Room("Cores", .ground, ["CCores"]),
    Room("Digests", .ground, ["COpenSSL"]),

    Room("NeuralGraph", .runtime, ["Randomness"]),
    Room("ModelFormats", .runtime, ["Inputs", "NeuralGraph"]),
    Room("SparseRuntime", .runtime, ["CKernels", "Cores", "ModelFormats", "NeuralGraph"]),
    Room("LibCrisp", .runtime, ["CLibCrisp", "ModelFormats", "NeuralGraph", "SparseRuntime"]),

    Room(
      "Datasets", .science,
      ["CImage", "CSystem", "Cores", "Digests", "Inputs", "NeuralGraph", "Randomness"]),
    Room("Training", .science, ["COneDNN", "CTraining", "Datasets", "NeuralGraph"]),
    Room("ONNXModels", .science, ["Inputs", "ModelFormats", "NeuralGraph", "SwiftProtobuf"]),
    Room(
      "ModelInputs", .science, ["Datasets", "ModelFormats", "SparseRuntime"]),
    Room("Accelerators", .science, ["Inputs", "NeuralGraph"]),
    Room(
      "Pruning", .science,
      [
        "Accelerators", "ClassWeights", "Datasets", "Digests", "Inputs", "ModelFormats",
        "ModelInputs",
        "NeuralGraph", "Randomness", "SparseRuntime", "Training",
      ]),
    Room(
      "Latency", .science,
      ["ModelFormats", "NeuralGraph", "Pruning", "Randomness", "SparseRuntime", "Training"]),
    Room("Charts", .science),
    Room("ServiceAPI", .science, ["ClassWeights", "Inputs"]),
    Room("ModelCards", .science, ["Charts", "ClassWeights", "Inputs", "ServiceAPI"]),
    Room(
      "Tailoring", .science,
      [
        "Accelerators", "Datasets", "Digests", "Latency", "ModelCards", "ModelFormats", "Pruning",
        "ServiceAPI",
      ]),
    Room(
      "Comparison", .science,
      [
        "Charts", "ClassWeights", "Datasets", "Digests", "Inputs", "ModelFormats", "NeuralGraph",
        "Pruning", "Randomness", "ServiceAPI", "SparseRuntime", "Training",
      ]),

    Room("APIDescription", .service),
    Room("Metrics", .service),
    Room("HTTPServer", .service, ["COpenSSL", "CSystem", "Cores", "HTTPTypes", "Logging"]),
    Room("Store", .service, ["ClassWeights", "Digests", "Inputs"]),
    Room(
      "SQLiteStore", .service,
      ["CSQLite", "ClassWeights", "Digests", "GRDB", "GRDBSQLite", "Inputs", "Migrations", "Store"]),
    Room(
      "PostgresStore", .service, ["CPostgres", "ClassWeights", "Digests", "Migrations", "Store"]),
    Room("Transfers", .service, ["CCurl", "HTTPTypes", "Inputs"]),
    Room("ObjectStore", .service, ["Digests", "HTTPTypes", "Inputs", "Store", "Transfers"]),
    Room(
      "JobContract", .service,
      [
        "ClassWeights", "Datasets", "Digests", "Inputs", "ModelFormats", "Pruning", "ServiceAPI",
        "SparseRuntime", "Store",
      ]),
    Room(
      "JobWorker", .service,
      [
        "CSystem", "Cores", "Datasets", "Digests", "JobContract", "Logging", "Metrics",
        "ModelCards",
        "ModelFormats", "NeuralGraph", "Pruning", "ServiceAPI", "SparseRuntime", "Store",
        "Tailoring", "Training",
      ]),
    Room(
      "ControlPlane", .service,
      [
        "APIDescription", "Accelerators", "ClassWeights", "Cores", "Datasets", "Digests",
        "HTTPServer", "HTTPTypes",
        "Inputs", "JobContract", "Latency", "Logging", "Metrics", "ModelCards", "ModelFormats",
        "ModelInputs", "NeuralGraph", "ONNXModels", "Pruning", "ServiceAPI", "SparseRuntime",
        "Store",
      ]),
    Room(
      "WebPage", .service,
      [
        "Charts", "ControlPlane", "Digests", "HTTPServer", "HTTPTypes", "Inputs", "JobContract",
        "ModelCards", "ServiceAPI", "Store",
      ]),
    Room(
      "PersonalizationService", .service,
      [
        "CEmbeddedModel", "ControlPlane", "Cores", "Datasets", "Digests", "HTTPServer",
        "JobContract", "JobWorker", "Logging", "Metrics", "ModelCards", "ModelFormats",
        "ModelInputs", "NeuralGraph", "ONNXModels", "ObjectStore", "PostgresStore", "Pruning",
        "SQLiteStore", "ServiceAPI", "SparseRuntime", "Store", "Training", "WebPage",
      ]),
    Room(
      "PersonalizationClient", .service,
      ["Digests", "HTTPTypes", "ModelCards", "ServiceAPI", "Transfers"]),

    Room("Flags", .programs, ["ArgumentParser", "Datasets", "Inputs", "ModelFormats"]),
    Room(
      "crisp-server", .programs,
      [
        "ArgumentParser", "ControlPlane", "Datasets", "Flags", "HTTPServer", "Inputs", "Logging",
        "ObjectStore", "PersonalizationService", "SparseRuntime",
      ]),
    Room(
      "crisp", .programs,
      [
        "Accelerators", "ArgumentParser", "ClassWeights", "Comparison", "Cores", "Datasets",
        "Digests", "Flags", "Inputs",
        "Latency", "ModelCards", "ModelFormats", "ModelInputs", "NeuralGraph", "ONNXModels",
        "PersonalizationClient", "Pruning", "ServiceAPI", "SparseRuntime", "Tailoring", "Training",
      ]),
  ]

  /// Modules of Swift and the system, which are not arrows between rooms.
  static let system: Set = [
    "Dispatch", "Foundation", "FoundationEssentials", "FoundationNetworking", "Glibc", "Musl",
    "Swift", "Synchronization",
  ]

  /// What programs link without importing it.
  static let linked: Set = ["CThreadWaiting"]

  /// What must not leak: a module, and the only rooms that may name it.
  static let owners: [String: Set<String>] = [
    "COneDNN": ["Training"],
    "CTraining": ["Training"],
    "CCores": ["Cores"],
    "CKernels": ["SparseRuntime"],
    "CCurl": ["Transfers"],
    "CImage": ["Datasets"],
    "CPostgres": ["PostgresStore"],
    "CSQLite": ["SQLiteStore"],
    "GRDB": ["SQLiteStore"],
    "GRDBSQLite": ["SQLiteStore"],
    "Migrations": ["PostgresStore", "SQLiteStore"],
    "SwiftProtobuf": ["ONNXModels"],
    "ArgumentParser": ["Flags", "crisp", "crisp-server"],
  ]

  /// What a room must not reach, over any number of rooms.
  static let unreachable: [(room: String, module: String)] = [
    ("JobWorker", "HTTPServer"), ("JobWorker", "HTTPTypes"), ("JobWorker", "ControlPlane"),
    ("HTTPServer", "Store"), ("HTTPServer", "ServiceAPI"), ("HTTPServer", "Pruning"),
    ("Store", "Pruning"), ("Store", "HTTPTypes"), ("Store", "GRDB"), ("Store", "CPostgres"),
    ("ControlPlane", "PostgresStore"),
    ("JobWorker", "PostgresStore"),
    ("ControlPlane", "SQLiteStore"),
    ("JobWorker", "SQLiteStore"), ("WebPage", "SQLiteStore"), ("ModelCards", "COneDNN"),
    ("PersonalizationClient", "COneDNN"), ("PersonalizationClient", "Store"),
    ("LibCrisp", "COneDNN"), ("LibCrisp", "Datasets"), ("ONNXModels", "Training"),
  ]

  /// Modules that give a file sockets or the system's calls. The control plane has none.
  static let sockets: Set = ["Glibc", "Musl", "CSystem", "COpenSSL", "FoundationNetworking"]

  // MARK: What is still to be mended. These lists may only become shorter.

  /// Through these the control plane still reaches oneDNN.
  static let controlPlaneToOneDNN: Set = ["JobContract", "Latency", "Pruning"]

  /// Files of the runtime that still import Foundation or Dispatch, which devices and browsers lack.
  static let runtimeWithFoundation: Set<String> = [
    "LibCrisp/LibCrisp.swift",
    "ModelFormats/CanonicalJSON.swift",
    "ModelFormats/DenseModel.swift",
    "ModelFormats/DenseModelHead.swift",
    "ModelFormats/FileBytes.swift",
    "ModelFormats/FileMetadata.swift",
    "ModelFormats/ModelFile.swift",
    "ModelFormats/PackedModel.swift",
    "ModelFormats/PackedModelCoding.swift",
    "ModelFormats/SafetensorsFile.swift",
    "ModelFormats/SafetensorsWriter.swift",
    "ModelFormats/StateDicts/StateDict.swift",
    "ModelFormats/StoredBytes.swift",
    "SparseRuntime/CostCache.swift",
    "SparseRuntime/CostMeasurement.swift",
    "SparseRuntime/CostModel.swift",
    "SparseRuntime/LayerReport.swift",
    "SparseRuntime/Prediction.swift",
    "SparseRuntime/Processor.swift",
  ]
}
