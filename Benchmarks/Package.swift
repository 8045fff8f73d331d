// swift-tools-version: 6.2
import PackageDescription

// Programs that measure. Apart from the main package, so that nobody who builds the server builds
// them, and so that what they need never becomes a dependency of it.
let swift: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "crisp-server", path: "..")],
  targets: [
    .executableTarget(
      name: "training-speed",
      dependencies: [
        .product(name: "ThreadWaiting", package: "crisp-server"),
        .product(name: "Training", package: "crisp-server"),
      ],
      swiftSettings: swift),
    .executableTarget(
      name: "personalization-memory",
      dependencies: [
        .product(name: "Pruning", package: "crisp-server"),
        .product(name: "ThreadWaiting", package: "crisp-server"),
        .product(name: "Training", package: "crisp-server"),
      ],
      swiftSettings: swift),
    .executableTarget(
      name: "pattern-networks",
      dependencies: [
        .product(name: "ONNXModels", package: "crisp-server"),
        .product(name: "Pruning", package: "crisp-server"),
        .product(name: "Training", package: "crisp-server"),
      ],
      swiftSettings: swift),
    .executableTarget(
      name: "accelerator-answer",
      dependencies: [.product(name: "Accelerators", package: "crisp-server")],
      swiftSettings: swift),
    // The queue alone, with workers that do nothing.
    .executableTarget(
      name: "fleet-queue",
      dependencies: [
        .product(name: "Accelerators", package: "crisp-server"),  // for its charts
        .product(name: "FleetStore", package: "crisp-server"),
      ],
      swiftSettings: swift),
    // Without training, so that its memory is the runtime's.
    .executableTarget(
      name: "sparse-worker",
      dependencies: [.product(name: "SparseRuntime", package: "crisp-server")],
      swiftSettings: swift),
  ]
)
