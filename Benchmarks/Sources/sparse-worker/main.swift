import Foundation
import SparseRuntime

// Our runtime as one of the engines that Benchmarks/peers/compare.py takes turns with. Answers one
// line for each line of standard input; peers/worker.py speaks the same language:
//
//   load SLOT MODEL BATCH INPUT   "ok read=… plan=… …" milliseconds; INPUT holds raw f32 images, NCHW
//   run SLOT WARM COUNT           milliseconds of COUNT runs, after WARM that are not told
//   scores SLOT FILE              writes the scores, raw f32
//   unload SLOT
//   memory                        peak and present resident kB
//   peak                          GFLOP/s of this many threads in registers
//
//   sparse-worker THREADS

func answer(_ text: String) { FileHandle.standardOutput.write(Data("\(text)\n".utf8)) }

guard CommandLine.arguments.count == 2, let threads = Int(CommandLine.arguments[1]), threads > 0
else {
  FileHandle.standardError.write(Data("usage: sparse-worker THREADS\n".utf8))
  exit(2)
}

var slots: [String: LoadedModel] = [:]

@MainActor func handle(_ words: [String]) throws -> String {
  switch (words.first, words.count) {
  case ("load", 5):
    let model = try LoadedModel(
      path: words[2], batch: Int(words[3]) ?? 0, inputPath: words[4], threads: threads)
    slots[words[1]] = model
    return "ok \(model.facts)"
  case ("run", 4):
    guard let model = slots[words[1]], let warm = Int(words[2]), let count = Int(words[3])
    else { return "error there is no slot \(words[1])" }
    for _ in 0..<warm { try model.run() }
    var times: [String] = []
    for _ in 0..<count {
      let start = DispatchTime.now().uptimeNanoseconds
      try model.run()
      times.append("\(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)")
    }
    return times.joined(separator: " ")
  case ("scores", 3):
    guard let model = slots[words[1]] else { return "error there is no slot \(words[1])" }
    try model.run()
    try model.scores.withUnsafeBytes { try Data($0).write(to: URL(filePath: words[2])) }
    return "ok"
  case ("unload", 2):
    slots[words[1]] = nil
    return "ok"
  case ("memory", 1):
    let lines = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(
      separator: "\n")
    return ["VmHWM:", "VmRSS:"].map { key in
      let line = lines.first { $0.hasPrefix(key) } ?? ""
      return String(line.dropFirst(key.count).filter(\.isNumber))
    }.joined(separator: " ")
  case ("peak", 1):
    let lock = NSLock()
    nonisolated(unsafe) var sum = 0.0
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      let rate = Processor.peakGigaflops()
      lock.withLock { sum += rate }
    }
    return "\(sum)"
  default:
    return "error \(words.joined(separator: " ")) is no command"
  }
}

answer("ready instructions=\(LoadedModel.instructions)")
while let line = readLine() {
  do {
    answer(try handle(line.split(separator: " ").map(String.init)))
  } catch {
    answer("error \("\(error)".replacingOccurrences(of: "\n", with: " "))")
  }
}
