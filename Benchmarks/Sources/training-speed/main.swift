import Datasets
import Foundation
import NeuralGraph
import Randomness
import Training

// Runs training steps of one network on command, so that a driver can take turns between this
// program and a peer. Reads lines "steps N" and "memory" from standard input; answers seconds and
// bytes.
//
//   training-speed ARCHITECTURE CHANNELS SIDE BATCH PRECISION THREADS

func fail(_ text: String) -> Never {
  FileHandle.standardError.write(Data("training-speed: \(text)\n".utf8))
  exit(2)
}

func answer(_ text: String) { FileHandle.standardOutput.write(Data("\(text)\n".utf8)) }

let arguments = CommandLine.arguments
guard arguments.count == 7, let channels = Int(arguments[2]), let side = Int(arguments[3]),
  let batch = Int(arguments[4]), let precision = Precision(rawValue: arguments[5]),
  let threads = Int(arguments[6])
else { fail("usage: training-speed ARCHITECTURE CHANNELS SIDE BATCH f32|bf16 THREADS") }

do {
  let classes = side > 64 ? 1000 : channels == 1 ? 10 : 100
  let graph = try Architecture(named: arguments[1]).graph(
    input: ActivationShape(channels: channels, height: side, width: side), classes: classes)
  let network = try Network(
    graph: graph, weights: graph.initialWeights(seed: 0), threads: threads,
    precision: precision)
  let optimizer = try SGD(network)
  var generator = SeededGenerator(seed: 0, stream: "images")
  let images = (0..<batch * graph.input.count).map { _ in Float(generator.nextGaussian()) }
  let labels = (0..<batch).map { _ in generator.nextIndex(below: classes) }
  let input = Batch(images: images, labels: labels)
  var step = 0
  func run(_ count: Int) throws {
    for _ in 0..<count {
      _ = try network.trainingStep(input, optimizer: optimizer, learningRate: 1e-3, step: step)
      step += 1
    }
  }
  try run(3)
  answer("ready")
  while let line = readLine() {
    let words = line.split(separator: " ")
    if words.first == "steps", words.count == 2, let count = Int(words[1]) {
      let start = DispatchTime.now().uptimeNanoseconds
      try run(count)
      answer("\(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9)")
    } else {
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      answer(String(status.split(separator: "\n").first { $0.hasPrefix("VmHWM") } ?? ""))
    }
  }
} catch {
  fail("\(error)")
}
