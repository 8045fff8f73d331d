import Datasets
import Foundation
import ModelFormats
import NeuralGraph
import Pruning
import Randomness
import Training

// One personalisation of a large network on random pictures held in memory, for its peak memory and
// its time: run it under `/usr/bin/time -v`.
//
//   personalization-memory ARCHITECTURE SIDE BATCH THREADS

func fail(_ text: String) -> Never {
  FileHandle.standardError.write(Data("personalization-memory: \(text)\n".utf8))
  exit(2)
}

let arguments = CommandLine.arguments
guard arguments.count == 5, let side = Int(arguments[2]), let batch = Int(arguments[3]),
  let threads = Int(arguments[4])
else { fail("usage: personalization-memory ARCHITECTURE SIDE BATCH THREADS") }

do {
  let labels = (0..<10).map { "class \($0)" }
  let shape = ActivationShape(channels: 3, height: side, width: side)
  func images(perClass: Int) throws -> LabelledImages {
    var generator = SeededGenerator(seed: 0, stream: "pictures \(perClass)")
    let count = labels.count * perClass
    return try LabelledImages(
      channels: 3, height: side, width: side,
      pixels: (0..<count * shape.count).map { _ in UInt8(generator.nextIndex(below: 256)) },
      labels: (0..<count).map { $0 % labels.count }, source: "random pictures")
  }
  let dataset = try ImageDataset(
    name: "random pictures", classes: labels, training: images(perClass: 20),
    test: images(perClass: 4))
  let graph = try Architecture(named: arguments[1]).graph(input: shape, classes: labels.count)
  var recipe = PruningRecipe(
    pattern: try HybridPattern(keep: 2, of: 4, block: 16), sparsity: 0.9)
  recipe.batchSize = batch
  recipe.iterations = 2
  recipe.epochsPerIteration = 1
  recipe.finalEpochs = 1
  recipe.samplesPerClass = 16
  recipe.saliencyBatches = 2
  recipe.learningRate = 1e-4
  let universal = try DenseModel(
    description: ModelDescription(
      graph: graph, labels: labels,
      preprocessing: Preprocessing(
        shape: shape, mean: [0.5, 0.5, 0.5], standardDeviation: [0.29, 0.29, 0.29]),
      architecture: arguments[1]),
    weights: graph.initialWeights(seed: 0))
  let run = try Personalization(
    universal: universal, universalDigest: "random", dataset: dataset,
    profile: ClassProfile(names: Array(labels.prefix(3))),
    recipe: recipe, threads: threads)
  let start = DispatchTime.now().uptimeNanoseconds
  var stage = PersonalizationProgress.Stage.references
  func resident() -> String {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    return status.split(separator: "\n").filter { $0.hasPrefix("VmHWM") || $0.hasPrefix("VmRSS") }
      .joined(separator: " ")
  }
  let result = try run.run(
    hooks: Personalization.Hooks(
      progress: { progress in
        guard progress.stage != stage else { return }
        stage = progress.stage
        FileHandle.standardError.write(Data("\(stage.rawValue): \(resident())\n".utf8))
      },
      checkpoint: { iteration, state in
        FileHandle.standardError.write(
          Data("checkpoint \(iteration), \(state.count) bytes: \(resident())\n".utf8))
      }))
  let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
  print(
    "\(arguments[1]) \(side)x\(side) batch \(batch): \(seconds) s, sparsity "
      + "\(result.report.globalSparsity), packed \(result.packed.count) bytes")
} catch {
  fail("\(error)")
}
