// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
]

/// What the fleet form alone needs. `--disable-default-traits` builds without it: the embedded form.
let fleet: TargetDependencyCondition? = .when(traits: ["Fleet"])

let package = Package(
  name: "crisp-server",
  products: [
    .library(name: "SparseRuntime", targets: ["SparseRuntime"]),
    // Linked into libcrisp.so by deploy/libcrisp.sh
    .library(name: "LibCrisp", type: .static, targets: ["LibCrisp"]),
    .library(name: "ONNXModels", targets: ["ONNXModels"]),
    .library(name: "Training", targets: ["Training", "Datasets", "NeuralGraph", "Randomness"]),
    .library(name: "Pruning", targets: ["Pruning", "ModelFormats"]),
    .library(name: "Accelerators", targets: ["Accelerators", "Charts", "NeuralGraph"]),
    .library(name: "FleetStore", targets: ["PostgresStore", "Store", "Digests"]),
    .library(name: "ThreadWaiting", targets: ["CThreadWaiting"]),
    .executable(name: "crisp-server", targets: ["crisp-server"]),
    .executable(name: "crisp", targets: ["crisp"]),
  ],
  traits: [
    .trait(
      name: "Fleet",
      description: "PostgreSQL by libpq; HTTP by libcurl: object stores, --cacert"),
    .default(enabledTraits: ["Fleet"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    // System libraries and C
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CPostgres", providers: [.apt(["libpq-dev"])]),
    // libspng-dev, libjpeg62-turbo-dev and libwebp-dev, see deploy/setup.sh
    .target(
      name: "CImage",
      linkerSettings: [.linkedLibrary("spng"), .linkedLibrary("jpeg"), .linkedLibrary("webp")]),
    .systemLibrary(
      name: "CTurboJPEG", path: "Tests/CTurboJPEG", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CSystem", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CKernels"),
    .target(name: "CLibCrisp"),
    .target(name: "CCores"),
    .target(
      name: "CTraining", dependencies: ["CKernels"], linkerSettings: [.linkedLibrary("gomp")]),
    // For programs only: tells CTraining's threads, and oneDNN's, how to wait
    .target(name: "CThreadWaiting"),
    .target(name: "CEmbeddedModel", exclude: ["resnet18-fashion-mnist.safetensors"]),

    // Rooms, from the ground up
    .target(name: "Digests", dependencies: ["COpenSSL"], swiftSettings: swift),
    .target(name: "Randomness", swiftSettings: swift),
    .target(name: "ClassWeights", swiftSettings: swift),
    // How many threads are worth having. No Foundation
    .target(name: "Cores", dependencies: ["CCores"], swiftSettings: swift),
    // What comes from outside, for every column: JSON, ranges of numbers, echoes. No Foundation
    .target(name: "Inputs", swiftSettings: swift),
    .target(name: "NeuralGraph", dependencies: ["Randomness"], swiftSettings: swift),
    .target(name: "ModelFormats", dependencies: ["Inputs", "NeuralGraph"], swiftSettings: swift),
    // Apart from ModelFormats, so that the runtime does without protocol buffers
    .target(
      name: "ONNXModels",
      dependencies: [
        "Inputs", "ModelFormats", "NeuralGraph",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Wire/onnx.proto"], swiftSettings: swift),
    .target(
      name: "SparseRuntime", dependencies: ["CKernels", "Cores", "ModelFormats", "NeuralGraph"],
      swiftSettings: swift),
    .target(
      name: "LibCrisp",
      dependencies: ["CLibCrisp", "ModelFormats", "NeuralGraph", "SparseRuntime"],
      swiftSettings: swift),
    .target(
      name: "Datasets",
      dependencies: [
        "CImage", "CSystem", "Cores", "Digests", "Inputs", "NeuralGraph", "Randomness",
      ],
      swiftSettings: swift),
    .target(
      name: "Training",
      dependencies: [
        "COneDNN", "CTraining", "Datasets", "NeuralGraph",
      ],
      swiftSettings: swift),
    // Pictures and data sets as what a model's file asks for
    .target(
      name: "ModelInputs",
      dependencies: ["Datasets", "ModelFormats", "SparseRuntime"],
      swiftSettings: swift),
    .target(
      name: "Accelerators", dependencies: ["Inputs", "NeuralGraph"],
      resources: [.embedInCode("energy-45nm.json")], swiftSettings: swift),
    .target(
      name: "Pruning",
      dependencies: [
        "Accelerators", "ClassWeights", "Datasets", "Digests", "Inputs", "ModelFormats",
        "ModelInputs", "NeuralGraph", "Randomness", "SparseRuntime", "Training",
      ],
      swiftSettings: swift),
    // What models take on a device, measured
    .target(
      name: "Latency",
      dependencies: [
        "ModelFormats", "NeuralGraph", "Pruning", "Randomness", "SparseRuntime", "Training",
      ],
      swiftSettings: swift),
    .target(
      name: "HTTPServer",
      dependencies: [
        "COpenSSL", "CSystem", "Cores",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    .target(
      name: "Migrations", path: "Migrations",
      resources: [
        .embedInCode("m001_initial.sql"), .embedInCode("m002_dataset_fingerprint.sql"),
        .embedInCode("m003_fair_and_bounded.sql"), .embedInCode("m004_budgets.sql"),
        .embedInCode("m005_retention.sql"), .embedInCode("m006_steady_leases.sql"),
        .embedInCode("m007_token_scopes.sql"),
        .embedInCode("m008_default_base_model.sql"),
        .embedInCode("m009_short_rows.sql"),
        .embedInCode("m010_daily_life.sql"),
        .embedInCode("m011_worker_labels.sql"),
        .embedInCode("postgres/p001_initial.sql"),
        .embedInCode("postgres/p002_blob_places.sql"),
        .embedInCode("postgres/p003_stored_datasets.sql"),
        .embedInCode("postgres/p004_daily_life.sql"),
        .embedInCode("postgres/p005_worker_labels.sql"),
        .embedInCode("postgres/p006_users_index.sql"),
      ],
      swiftSettings: swift),
    .target(
      name: "Store", dependencies: ["ClassWeights", "Digests", "Inputs"], swiftSettings: swift),
    .target(
      name: "SQLiteStore",
      dependencies: [
        "CSQLite", "ClassWeights", "Digests", "Inputs", "Migrations", "Store",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ],
      swiftSettings: swift),
    .target(
      name: "PostgresStore",
      dependencies: [
        .byName(name: "CPostgres", condition: fleet), "ClassWeights", "Digests", "Migrations",
        "Store",
      ],
      swiftSettings: swift),
    .target(name: "ServiceAPI", dependencies: ["ClassWeights", "Inputs"], swiftSettings: swift),
    .target(name: "Metrics", swiftSettings: swift),
    .target(
      name: "APIDescription", resources: [.embedInCode("openapi.json")], swiftSettings: swift),
    .target(name: "Charts", swiftSettings: swift),
    .target(
      name: "Comparison",
      dependencies: [
        "Charts", "ClassWeights", "Datasets", "Digests", "Inputs", "ModelFormats", "NeuralGraph",
        "Pruning",
        "Randomness", "ServiceAPI", "SparseRuntime", "Training",
      ],
      swiftSettings: swift),
    // What servers and the command line say of a tailored model
    .target(
      name: "ModelCards", dependencies: ["Charts", "ClassWeights", "Inputs", "ServiceAPI"],
      swiftSettings: swift),
    // From a run to its card, and from a card to its run
    .target(
      name: "Tailoring",
      dependencies: [
        "Accelerators", "Datasets", "Digests", "Latency", "ModelCards", "ModelFormats", "Pruning",
        "ServiceAPI",
      ],
      swiftSettings: swift),
    // What the control plane and the workers agree on
    .target(
      name: "JobContract",
      dependencies: [
        "ClassWeights", "Datasets", "Digests", "Inputs", "ModelFormats", "Pruning", "ServiceAPI",
        "SparseRuntime", "Store",
      ],
      swiftSettings: swift),
    .target(
      name: "JobWorker",
      dependencies: [
        "CSystem", "Cores", "Datasets", "Digests", "JobContract", "Metrics", "ModelCards",
        "ModelFormats",
        "NeuralGraph", "Pruning", "ServiceAPI", "SparseRuntime", "Store", "Tailoring", "Training",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    .target(
      name: "ControlPlane",
      dependencies: [
        "APIDescription", "Accelerators", "ClassWeights", "Cores", "Datasets", "Digests",
        "HTTPServer", "Inputs",
        "JobContract",
        "Latency", "Metrics", "ModelCards", "ModelFormats", "ModelInputs", "NeuralGraph",
        "ONNXModels", "Pruning", "ServiceAPI", "SparseRuntime", "Store",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    .target(
      name: "WebPage",
      dependencies: [
        "Charts", "ControlPlane", "Digests", "HTTPServer", "Inputs", "JobContract", "ModelCards",
        "ServiceAPI", "Store",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ],
      resources: ["page.html", "page.css", "page.js", "icon.svg"].map { .embedInCode($0) },
      swiftSettings: swift),
    // Puts the rooms together
    .target(
      name: "PersonalizationService",
      dependencies: [
        "CEmbeddedModel", "ControlPlane", "Cores", "Datasets", "HTTPServer", "JobContract",
        "Digests", "JobWorker", "Metrics", "ModelCards", "ModelFormats", "ModelInputs",
        "NeuralGraph", "ONNXModels", "ObjectStore", "PostgresStore", "Pruning", "SQLiteStore",
        "ServiceAPI", "SparseRuntime", "Store", "Training", "WebPage",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    // HTTP requests
    .target(
      name: "Transfers",
      dependencies: [
        .byName(name: "CCurl", condition: fleet), "Inputs",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ],
      swiftSettings: swift),
    // Bytes in a server of S3's protocol
    .target(
      name: "ObjectStore",
      dependencies: [
        "Digests", "Inputs", "Store", "Transfers",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ],
      swiftSettings: swift),
    .target(
      name: "PersonalizationClient",
      dependencies: [
        "Digests", "ModelCards", "ServiceAPI", "Transfers",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ],
      swiftSettings: swift),

    // Programs, and what their flags have in common
    .target(
      name: "Flags",
      dependencies: [
        "Datasets", "Inputs", "ModelFormats",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swift),
    .executableTarget(
      name: "crisp-server",
      dependencies: [
        "CThreadWaiting", "ControlPlane", "Datasets", "Flags", "HTTPServer", "Inputs",
        "ObjectStore", "PersonalizationService", "SparseRuntime",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    .executableTarget(
      name: "crisp",
      dependencies: [
        "Accelerators", "CThreadWaiting", "ClassWeights", "Comparison", "Cores", "Datasets",
        "Digests",
        "Flags", "Inputs",
        "Latency", "ModelCards", "ModelFormats", "ModelInputs", "NeuralGraph", "ONNXModels",
        "PersonalizationClient",
        "Pruning", "ServiceAPI", "SparseRuntime", "Tailoring", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swift),

    // Tests mirror Sources; what several of them need is in TestSupport
    .target(
      name: "TestSupport",
      dependencies: [
        "COpenSSL", "CSystem", "CTurboJPEG", "Datasets", "HTTPServer", "ModelFormats",
        "NeuralGraph", "PostgresStore", "Randomness", "Training",
      ],
      path: "Tests/TestSupport", swiftSettings: swift),
    .executableTarget(
      name: "parser-driver", dependencies: ["HTTPServer"], path: "Tests/Peers/ParserDriver",
      swiftSettings: swift),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .testTarget(name: "RoomsTests", swiftSettings: swift),
    .testTarget(name: "RandomnessTests", dependencies: ["Randomness"], swiftSettings: swift),
    .testTarget(name: "CoresTests", dependencies: ["Cores"], swiftSettings: swift),
    .testTarget(
      name: "InputsTests", dependencies: ["Inputs", "Randomness"], swiftSettings: swift),
    .testTarget(
      name: "ServiceAPITests", dependencies: ["Inputs", "Randomness", "ServiceAPI"],
      swiftSettings: swift),
    .testTarget(
      name: "NeuralGraphTests", dependencies: ["NeuralGraph", "Randomness"], swiftSettings: swift),
    .testTarget(
      name: "ModelFormatsTests", dependencies: ["ModelFormats", "NeuralGraph", "Randomness"],
      resources: [.copy("Goldens")], swiftSettings: swift),
    .testTarget(
      name: "ONNXModelsTests",
      dependencies: [
        "Datasets", "ModelFormats", "NeuralGraph", "ONNXModels", "Pruning", "Randomness",
        "SparseRuntime", "TestSupport", "Training",
      ],
      resources: [.copy("Goldens")], swiftSettings: swift),
    .testTarget(
      name: "SparseRuntimeTests",
      dependencies: [
        "AllocationCounter", "CKernels", "Cores", "ModelFormats", "NeuralGraph", "Randomness",
        "SparseRuntime", "TestSupport",
      ],
      exclude: ["FoundCrashes"], swiftSettings: swift),
    .testTarget(
      name: "LibCrispTests",
      dependencies: ["CLibCrisp", "LibCrisp", "ModelFormats", "SparseRuntime"],
      swiftSettings: swift),
    .testTarget(
      name: "DatasetsTests",
      dependencies: ["CSystem", "Cores", "Datasets", "Digests", "Randomness", "TestSupport"],
      resources: [.copy("Goldens")], swiftSettings: swift),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "CTraining", "Datasets", "ModelFormats", "NeuralGraph", "Randomness", "Training",
      ],
      resources: [.copy("Goldens")], swiftSettings: swift),
    .testTarget(
      name: "PruningTests",
      dependencies: [
        "Accelerators", "Datasets", "Digests", "ModelFormats", "ModelInputs", "NeuralGraph",
        "Pruning", "Randomness",
        "SparseRuntime", "TestSupport", "Training",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "LatencyTests",
      dependencies: ["Latency", "ModelFormats", "Pruning", "SparseRuntime", "TestSupport"],
      swiftSettings: swift),
    .testTarget(
      name: "AcceleratorsTests", dependencies: ["Accelerators", "NeuralGraph"],
      resources: [.copy("Goldens")], swiftSettings: swift),
    .testTarget(name: "ChartsTests", dependencies: ["Charts"], swiftSettings: swift),
    .testTarget(
      name: "ComparisonTests",
      dependencies: [
        "ClassWeights", "Comparison", "Datasets", "Pruning", "ServiceAPI", "TestSupport",
        "Training",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "ModelCardsTests",
      dependencies: [
        "ClassWeights", "Digests", "Latency", "ModelCards", "ModelFormats", "Pruning",
        "ServiceAPI", "Tailoring", "TestSupport",
      ],
      swiftSettings: swift),
    .testTarget(
      name: "HTTPServerTests",
      dependencies: [
        "COpenSSL", "HTTPServer", "TestSupport", "crisp-server",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.copy("Vectors")], swiftSettings: swift),
    .testTarget(name: "DigestsTests", dependencies: ["Digests"], swiftSettings: swift),
    .testTarget(
      name: "TransfersTests",
      dependencies: [
        "HTTPServer", "TestSupport", "Transfers",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    .testTarget(
      name: "ObjectStoreTests",
      dependencies: [
        "Digests", "ObjectStore", "PostgresStore", "Store", "TestSupport", "Transfers",
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ], swiftSettings: swift),
    .testTarget(name: "MetricsTests", dependencies: ["Metrics"], swiftSettings: swift),
    .testTarget(
      name: "StoreTests",
      dependencies: [
        "ClassWeights", "Digests", "Migrations", "PostgresStore", "SQLiteStore", "Store",
        "TestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      resources: [.copy("Schemas")],
      swiftSettings: swift),
    .testTarget(
      name: "PersonalizationServiceTests",
      dependencies: [
        "APIDescription", "ControlPlane", "Datasets", "Digests", "HTTPServer", "JobContract",
        "JobWorker", "Metrics", "ModelCards", "ModelFormats", "ModelInputs", "NeuralGraph",
        "ObjectStore", "PersonalizationClient", "PersonalizationService", "PostgresStore",
        "Pruning", "Randomness", "ServiceAPI", "SQLiteStore", "SparseRuntime", "Store",
        "TestSupport", "Training", "Transfers", "WebPage", "crisp", "crisp-server",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swift),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "Cores", "Digests", "ModelFormats", "NeuralGraph", "Randomness", "ServiceAPI",
        "TestSupport", "crisp", "crisp-server",
      ],
      swiftSettings: swift),
  ]
)

// `make test-sanitized` builds only the tests it runs, and what they need.
if let names = Context.environment["CRISP_TEST_TARGETS"], !names.isEmpty {
  let targets = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
  var wanted = names.split(separator: ",").map(String.init)
  var kept: Set<String> = []
  while let name = wanted.popLast() {
    guard let target = targets[name], kept.insert(name).inserted else { continue }
    for dependency in target.dependencies {
      switch dependency {
      case .byNameItem(let name, _), .targetItem(let name, _): wanted.append(name)
      default: break
      }
    }
  }
  package.products = []
  package.targets.removeAll { !kept.contains($0.name) }
}
