import Foundation
import ModelFormats
import SparseRuntime

// README.md and Documentation/app-developers.md show these lines; `ReadmeExampleTests` compare them.

func classify(_ path: String, pixels: [UInt8]) throws -> [Prediction] {
  let model = try PackedModel(contentsOf: URL(fileURLWithPath: path))
  let session = try Session(model: model, batchCapacity: 1)
  let image = try model.description.preprocessing.normalized(pixels: pixels)
  return try session.predict(images: image, count: 1, labels: model.description.labels)[0]
}
