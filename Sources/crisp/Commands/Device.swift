import ArgumentParser
import Flags
import Foundation
import Inputs
import Latency
import ModelFormats
import Pruning
import Training

/// `crisp device`: what a universal model's layers cost here, for targets in milliseconds.
struct Device: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure what a model's layers cost on this machine, tile by tile.",
    discussion: """
      Example: crisp device --model universal.safetensors --name laptop --out laptop.json

      With the file, crisp prune --latency-ms 0.5 --device laptop.json tailors models to a time, \
      here or on another machine. It belongs to the model, the pattern and the number of threads.
      """)

  @Option(help: "The universal model.")
  var model: String

  @Option(help: "What to call the device.")
  var name: String

  @Option(help: "Where to write the profile.")
  var out: String

  @Option(help: "Threads that the tailored models will use.")
  var threads = 1

  @Option(help: "Runs to time.")
  var rounds = 30

  @OptionGroup var pattern: PatternOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    try InputRange(1...256).check(threads, "--threads")
    try InputRange(1...10_000).check(rounds, "--rounds")
  }

  func run() throws {
    try checkOutput(out)
    guard case .dense(let universal) = try ModelFile(contentsOf: URL(fileURLWithPath: model))
    else {
      throw ValidationError("'\(model)' is pruned already; --model needs a dense model.")
    }
    let profile = try DeviceProfile.measure(
      name: name, model: universal, pattern: pattern.pattern(),
      threads: usableCores(threads, "--threads"),
      rounds: rounds)
    try JSONFile.write(profile, to: out)
    try output.print(profile) { text(profile) }
  }

  private func text(_ profile: DeviceProfile) -> String {
    let least = profile.layers.values.reduce(profile.fixed) { $0 + $1.fixed + $1.perRankColumn }
    return """
      wrote \(out): \(profile.processor), \(profile.threads) thread(s), \(profile.pattern), \
      \(profile.layers.count) layers
      milliseconds per image: \(String(format: "%.3f", least)) with one block in each row of \
      blocks, \(String(format: "%.3f", profile.fixed)) outside these layers
      """
  }
}
