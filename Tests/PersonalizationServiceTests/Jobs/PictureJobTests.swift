import Foundation
import PersonalizationService
import ServiceAPI
import SQLiteStore
import Store
import Testing

/// Jobs on pictures in files.
@Suite struct PictureJobTests {
  private static let name = "pictures"

  private func body(_ classes: [String]) -> JSONValue {
    [
      "classes": .array(classes.map { .string($0) }), "base_model": "picture-net",
      "target": ["sparsity": 0.5],
      "recipe": [
        "iterations": 1, "dense_epochs": 0, "epochs_per_iteration": 1, "final_epochs": 1,
        "samples_per_class": 20, "batch_size": 10, "augmentation": ["flip": false, "shift": 0],
      ],
    ]
  }

  private func record(_ server: TestService) throws -> DatasetRecord {
    try SQLiteStore(path: server.database).dataset(Self.name).record
  }

  @Test func picturesAreRegisteredUsedAndWatched() throws {
    let server = try TestService()
    try ToyWorld.registerPictures(
      in: server.database, folder: server.folder, dataset: Self.name, baseModel: "picture-net")
    let registered = try record(server)
    #expect(registered.format == "folder" && registered.classes == ToyWorld.labels)
    #expect(registered.fingerprint != nil)

    try Data("x".utf8).write(
      to: URL(fileURLWithPath: server.folder.file("\(Self.name)/train/n00/x.tiff")))
    let job = try server.jobs.wait(server.jobs.submit(body(["top left", "middle"])).id)
    #expect(job.status == "succeeded", "\(String(describing: job.error))")
    let events = try server.jobs.events(job.id)
    let skipped = events.first { $0.type == "skipped_images" }
    #expect(skipped?.level == "warning")
    #expect(skipped?.message.contains("corrupt.png") == true)
    let leftOut = events.first { $0.type == "left_out_files" }
    #expect(leftOut?.message.contains("1 file not named as a picture that can be read") == true)
    #expect(leftOut?.data["other_ending"]?.double == 1)
    // Users learn nothing of the disk.
    for event in events { #expect(!event.message.contains(server.folder.path), "\(event.message)") }

    // Touched files are read once more and found to be the same.
    server.stop()
    let file = server.folder.file("\(Self.name)/val/n04/4.png")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_000_000_000)], ofItemAtPath: file)
    let second = try TestService(folder: server.folder)
    let again = try second.jobs.wait(second.jobs.submit(body(["top left", "café"])).id)
    #expect(again.status == "succeeded")
    let renewed = try record(second)
    #expect(renewed.fingerprint != registered.fingerprint && renewed.digest == registered.digest)

    // Other content is another data set.
    second.stop()
    try Data("x".utf8).write(to: URL(fileURLWithPath: file))
    let third = try TestService(folder: server.folder)
    let failed = try third.jobs.wait(third.jobs.submit(body(["middle", "café"])).id)
    #expect(failed.error?.code == "dataset_changed")
    #expect(failed.error?.message.contains(server.folder.path) == false)
    third.stop()
  }
}
