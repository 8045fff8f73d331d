import Accelerators
import ArgumentParser
import Flags
import Inputs
import ModelFormats
import Pruning

/// How small the tailored model shall be, and how good it must stay.
struct TargetOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Share of zeros in the prunable layers; 0 only fine-tunes.",
      discussion: "Default, without another target: \(PruningRecipe.defaultSparsity)."))
  var sparsity: Double?

  @Option(help: "Instead of a sparsity: most bytes of the packed file.")
  var bytes: Int?

  @Option(help: "Instead of a sparsity: most multiply-accumulates of one image.")
  var macs: Int?

  @Option(help: "Instead of a sparsity: most milliseconds of one image, as predicted.")
  var latencyMs: Double?

  @Option(help: "Instead of a sparsity: most cycles of one image on --accelerator, as modelled.")
  var cycles: Int?

  @Option(
    help: "Instead of a sparsity: most microjoules of one image on --accelerator, as modelled.")
  var energyUj: Double?

  @Option(
    help: ArgumentHelp(
      "The design that --cycles or --energy-uj counts on (default: \(Accelerator.standard.rawValue)).",
      discussion: Accelerator.allCases.map(\.rawValue).joined(separator: ", ")))
  var accelerator: String?

  @Option(
    help: """
      Lowest accuracy on the validation split, 0 to 1: the sparsest iteration that reaches it is \
      taken, and the run fails when none does.
      """)
  var minAccuracy: Double?

  /// Everything asked for.
  private var all: [PruningTarget] {
    [
      sparsity.map { .sparsity($0) }, bytes.map { .bytes($0) },
      macs.map { .multiplyAccumulates($0) }, latencyMs.map { .milliseconds($0) },
      cycles.map { .cycles($0) }, energyUj.map { .microjoules($0) },
    ].compactMap { $0 }
  }

  /// What was asked for; nil leaves it to the default.
  var target: PruningTarget? { all.first }

  /// What the target is counted on, for those that need it.
  /// - Throws: `AcceleratorError` for a name that is no accelerator's.
  func usedAccelerator() throws(AcceleratorError) -> Accelerator? {
    guard let accelerator else { return target?.needsAccelerator == true ? .standard : nil }
    return try Accelerator(named: accelerator)
  }

  func validate() throws {
    guard all.count <= 1 else {
      throw ValidationError(
        "--sparsity, --bytes, --macs, --latency-ms, --cycles and --energy-uj cannot be used together."
      )
    }
    guard accelerator == nil || target?.needsAccelerator == true else {
      throw ValidationError("--accelerator needs --cycles or --energy-uj.")
    }
    try PruningTarget.sparsities.check(sparsity, "--sparsity")
    try PruningTarget.counts.check(bytes, "--bytes", "bytes")
    try PruningTarget.counts.check(macs, "--macs")
    try PruningTarget.times.check(latencyMs, "--latency-ms", "milliseconds")
    try PruningTarget.counts.check(cycles, "--cycles")
    try PruningTarget.energies.check(energyUj, "--energy-uj", "microjoules")
    try PruningRecipe.accuracies.check(minAccuracy, "--min-accuracy")
  }
}

/// N:M, block size and row groups.
struct PatternOptions: ParsableArguments {
  @Option(
    help:
      "N of N:M, the weights kept of every group (default: \(HybridPattern.standard.keep)).")
  var keep: Int?

  @Option(help: "M of N:M, the size of a group (default: \(HybridPattern.standard.of)).")
  var of: Int?

  @Option(
    help: "Side of a block: 8, 16, 32 or 64 (default: \(HybridPattern.standard.block)).")
  var block: Int?

  @Option(
    help: """
      Adjacent output channels that share positions: 1, 2 or 4 (default: \
      \(HybridPattern.standard.rows)).
      """)
  var rows: Int?

  func pattern() throws(FormatError) -> HybridPattern {
    let standard = HybridPattern.standard
    return try HybridPattern(
      keep: keep ?? standard.keep, of: of ?? standard.of, block: block ?? standard.block,
      rows: rows ?? standard.rows)
  }
}

extension ModelFormats.Precision: ExpressibleByArgument {}
