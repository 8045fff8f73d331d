import ArgumentParser
import Dispatch
import Flags
import Foundation
import Inputs
import ModelFormats
import NeuralGraph
import SparseRuntime

/// `crisp bench`: how fast the sparse runtime answers, in all and layer by layer.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time a model on the sparse runtime, in all or layer by layer.",
    discussion: """
      Example: crisp bench shoes.crisp.safetensors --batch 1 --threads 1 --layers
      A dense model runs on the same runtime, for comparison. The share of peak compares a layer's
      additions and multiplications of kept weights with what the processor's widest multiply-adds \
      reach in registers.
      """)

  @Argument(help: "A dense or packed model.")
  var file: String

  @Option(help: "Images at once.")
  var batch = 1

  @Option(help: "Threads to compute with.")
  var threads = 1

  @Option(help: "Runs to time.")
  var rounds = 30

  @Flag(help: "Print every layer's shape, density, kernel, time and share of peak.")
  var layers = false

  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    struct Layer: Encodable {
      let name: String
      let output: [Int]
      let density: Double?
      let kernel: String?
      let microseconds: Double
      let gigaflops: Double?
      let shareOfPeak: Double?
    }
    let processor: String
    let instructionSet: String
    let peakGigaflops: Double
    let batch: Int
    let threads: Int
    let loadMilliseconds: Double
    let planMilliseconds: Double
    let leastMilliseconds: Double
    let medianMilliseconds: Double
    let sessionBytes: Int
    let layers: [Layer]?
  }

  func validate() throws {
    try InputRange(1...65_536).check(batch, "--batch")
    try InputRange(1...256).check(threads, "--threads")
    try InputRange(1...10_000).check(rounds, "--rounds")
  }

  func run() throws {
    let threads = usableCores(threads, "--threads")
    let start = DispatchTime.now().uptimeNanoseconds
    let model = try ModelFile(contentsOf: URL(fileURLWithPath: file))
    let read = DispatchTime.now().uptimeNanoseconds
    let session: Session
    switch model {
    case .packed(let model):
      session = try Session(model: model, batchCapacity: batch, threads: threads)
    case .dense(let model):
      session = try Session(model: model, batchCapacity: batch, threads: threads)
    }
    let planned = DispatchTime.now().uptimeNanoseconds
    let images = [Float](repeating: 0.5, count: batch * session.inputShape.count)
    var times: [Double] = []
    // The first runs touch memory for the first time.
    for round in -2..<rounds {
      let start = DispatchTime.now().uptimeNanoseconds
      _ = try session.run(images: images, count: batch)
      if round >= 0 { times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6) }
    }
    times.sort()
    let peak = Processor.peakGigaflops(session.instructionSet) * Double(threads)
    let timings = layers ? try session.profile(images: images, count: batch, rounds: rounds) : nil
    let shapes = try model.description.graph.shapes()
    let report = Report(
      processor: Processor.name, instructionSet: session.instructionSet.rawValue,
      peakGigaflops: peak, batch: batch, threads: threads,
      loadMilliseconds: Double(read - start) / 1e6,
      planMilliseconds: Double(planned - read) / 1e6, leastMilliseconds: times[0],
      medianMilliseconds: times[times.count / 2], sessionBytes: session.memoryBytes,
      layers: timings?.map { layer($0, peak: peak, shape: shapes[$0.name]) })
    try output.print(report) { text(report) }
  }

  private func layer(_ timing: NodeTiming, peak: Double, shape: ActivationShape?) -> Report.Layer {
    let rate = timing.layer.map { _ in timing.gigaflops(images: batch) }
    return Report.Layer(
      name: timing.name, output: shape.map { [$0.channels, $0.height, $0.width] } ?? [],
      density: timing.layer?.density, kernel: timing.layer?.kernel,
      microseconds: timing.microseconds, gigaflops: rate, shareOfPeak: rate.map { $0 / peak })
  }

  private func text(_ report: Report) -> String {
    var lines = [
      "\(report.processor), \(report.instructionSet), peak "
        + String(format: "%.0f GFLOP/s on %d thread(s)", report.peakGigaflops, report.threads)
    ]
    if let layers = report.layers {
      let width = max(5, layers.map(\.name.count).max() ?? 0)
      let kernels = max(6, layers.map { $0.kernel?.count ?? 0 }.max() ?? 0)
      func line(_ cells: (String, String, String, String, String, String, String)) -> String {
        cells.0.padding(toLength: width, withPad: " ", startingAt: 0) + "  "
          + right(cells.1, 12) + right(cells.2, 9) + "  "
          + cells.3.padding(toLength: kernels, withPad: " ", startingAt: 0) + right(cells.4, 10)
          + right(cells.5, 9) + right(cells.6, 7)
      }
      lines.append(line(("layer", "output", "density", "kernel", "us", "GFLOP/s", "peak")))
      for layer in layers {
        lines.append(
          line(
            (
              layer.name, layer.output.map(String.init).joined(separator: "x"),
              layer.density.map { String(format: "%.1f %%", $0 * 100) } ?? "",
              layer.kernel ?? "", String(format: "%.1f", layer.microseconds),
              layer.gigaflops.map { String(format: "%.1f", $0) } ?? "",
              layer.shareOfPeak.map { String(format: "%.0f %%", $0 * 100) } ?? ""
            )))
      }
      let sum = layers.reduce(0) { $0 + $1.microseconds }
      lines.append(line(("all", "", "", "", String(format: "%.1f", sum), "", "")))
    }
    lines.append(
      String(
        format:
          "load %.1f ms, plan %.1f ms, session %.1f MB; batch %d: least %.3f ms, median %.3f ms",
        report.loadMilliseconds, report.planMilliseconds, Double(report.sessionBytes) / 1e6,
        report.batch, report.leastMilliseconds, report.medianMilliseconds))
    return lines.joined(separator: "\n")
  }

  private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
