import Datasets
import Foundation
import PersonalizationService
import TestSupport

/// A data set and a base model small enough that a job takes a fraction of a second: 8x8 images,
/// see `CornerSquares`.
struct ToyWorld: Sendable {
  static let labels = ["top left", "top right", "café", "bottom right", "middle"]
  static let baseModel = "toy-net"
  static let dataset = "toy"

  /// The base model's file.
  private let model: Data

  /// The same for all tests of a process: training it takes longer than most of them.
  private static let shared = Result { try ToyWorld() }

  private init() throws {
    let folder = try TemporaryFolder()
    try CornerSquares.writeIDX(to: folder.path, classes: Self.labels)
    let dataset = try DatasetCatalog.load(path: folder.path, name: Self.dataset)
    model = try ToyProblem(dataset: dataset, trained: true).model.serialized()
  }

  /// Puts the data set into `folder`/data and registers it and the base model in a database, as an
  /// operator would.
  static func register(
    in database: String, folder: TemporaryFolder, objects: ObjectPlace? = nil
  ) throws {
    let data = folder.file("data")
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
    try CornerSquares.writeIDX(to: data, classes: labels)
    let file = folder.file("toy-net.safetensors")
    try shared.get().model.write(to: URL(fileURLWithPath: file))
    let administration = try Administration(database: database, objects: objects)
    _ = try administration.addDataset(name: dataset, path: data)
    _ = try administration.addBaseModel(
      name: baseModel, file: file, dataset: dataset, architecture: "toy")
  }

  /// Writes another network for the same data set, which lies in `folder`/data.
  static func writeAnotherModel(to file: String, folder: TemporaryFolder) throws {
    let dataset = try DatasetCatalog.load(path: folder.file("data"), name: dataset)
    let problem = try ToyProblem(dataset: dataset, trained: false)
    try problem.model.serialized().write(to: URL(fileURLWithPath: file))
  }

  /// Registers the same images as a folder of PNG pictures, and the base model for them. One picture
  /// is corrupt.
  static func registerPictures(
    in database: String, folder: TemporaryFolder, dataset: String, baseModel: String
  ) throws {
    let data = folder.file(dataset)
    try CornerSquares.writePictures(
      to: data, classes: labels.indices.map { "n0\($0)" }, test: "val")
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(data)/train/n00/corrupt.png"))
    let names = folder.file("names.txt")
    try Data(labels.enumerated().map { "n0\($0) \($1)\n" }.joined().utf8)
      .write(to: URL(fileURLWithPath: names))
    let administration = try Administration(database: database)
    _ = try administration.addDataset(name: dataset, path: data, labels: names)
    try FileManager.default.removeItem(atPath: names)
    let file = folder.file("toy-net.safetensors")
    try shared.get().model.write(to: URL(fileURLWithPath: file))
    _ = try administration.addBaseModel(
      name: baseModel, file: file, dataset: dataset, architecture: "toy")
  }
}
