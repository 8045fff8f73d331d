import Accelerators
import Charts
import Foundation
import NeuralGraph

// What the pattern is worth on the modelled accelerator, for three networks at ImageNet shapes: one
// table, six charts, an ablation. An analytical model, so every machine prints the same.
//
//   accelerator-answer RESULTS.csv FOLDER
//
// RESULTS.csv is Benchmarks/results/accuracy/results.csv; FOLDER gets answer.md and the charts.

let arguments = CommandLine.arguments
guard arguments.count == 3 else {
  FileHandle.standardError.write(Data("usage: accelerator-answer RESULTS.csv FOLDER\n".utf8))
  exit(2)
}
do {
  let answer = try Answer(
    accuracy: AccuracyResults(contentsOf: URL(filePath: arguments[1])),
    networks: [.resnet50, .vgg16, .mobileNetV2].map { try Network($0) })
  let folder = URL(filePath: arguments[2], directoryHint: .isDirectory)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  let text = try answer.markdown()
  try Data(text.utf8).write(to: folder.appending(path: "answer.md"))
  for (name, chart) in try answer.charts() {
    try Data(chart.svg().utf8).write(to: folder.appending(path: "\(name).svg"))
  }
  print(text, terminator: "")
} catch {
  FileHandle.standardError.write(Data("accelerator-answer: \(error)\n".utf8))
  exit(1)
}
