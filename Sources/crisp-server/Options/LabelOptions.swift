import ArgumentParser
import PersonalizationService

/// What a machine has that jobs may ask of its workers.
struct LabelOptions: ParsableArguments {
  /// More than anybody can keep in mind; each claim compares with all of them.
  private static let most = 64

  @Option(
    help: ArgumentHelp(
      """
      What this machine has, for jobs that require it, besides avx2, avx512, vnni and bf16, which its \
      processor tells; may be repeated.
      """, valueName: "name"))
  var label: [String] = []

  func validate() throws {
    guard label.count <= Self.most else {
      throw ValidationError("--label may be given \(Self.most) times at most.")
    }
    for name in label where !Service.isWorkerLabel(name) {
      throw ValidationError(
        "--label must be 1 to 63 characters of a-z, 0-9, '.', '_' and '-', like gpu-lab.")
    }
  }
}
