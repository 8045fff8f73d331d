import ControlPlane
import Digests
import Foundation
import ModelFormats
import PersonalizationService
import ServiceAPI
import SQLiteStore
import Store
import Testing

/// The three formats of a download, and how clients choose.
@Suite struct ModelFormatTests {
  @Test func everyFormatIsMadeOnceAndKeepsItsBytes() throws {
    let server = try TestService()
    let id = try #require(try server.jobs.wait(server.jobs.submit().id).resultModel)
    let path = "/models/\(id)"
    let packed = try PackedModel(data: server.client.get(path).body)
    let expected = try StateDict(packed).serialized()

    // All at once, for formats that are not made yet: as many as the converter has places for, so that
    // chance cannot leave out a format.
    let replies = try Crowd.run(4) { [client = server.client] number in
      try client.get("\(path)?format=\(number % 2 == 0 ? "safetensors" : "onnx")")
    }
    var tags: Set<String> = []
    for (number, reply) in replies.enumerated() {
      #expect(reply.status == 200)
      let digest = SHA256.digest(of: reply.body)
      #expect(reply["ETag"] == "\"\(digest.hex)\"")
      #expect(reply["Repr-Digest"] == "sha-256=:\(Data(digest.bytes).base64EncodedString()):")
      let ending = number % 2 == 0 ? ".safetensors" : ".onnx"
      #expect(reply["Content-Disposition"] == "attachment; filename=\"top left, middle\(ending)\"")
      if number % 2 == 0 { #expect(reply.body == expected) }
      tags.insert(digest.hex)
    }
    #expect(tags.count == 2)
    let store = try SQLiteStore(path: server.database)
    let model = try store.model(#require(ModelID(rawValue: id)))
    #expect(model.files.map(\.name) == ["onnx", "safetensors"])
    #expect(Set(model.files.map(\.blob.digest.hex)) == tags)
    #expect(try store.check().isHealthy)

    // A converted file takes ranges and conditions as the packed one does.
    let tag = try #require(tags.first { $0 == model.files[1].blob.digest.hex })
    let part = try server.client.get(
      "\(path)?format=safetensors",
      fields: [("Range", "bytes=8-15"), ("If-Range", "\"\(tag)\"")])
    #expect(part.status == 206)
    #expect(part.body == expected.dropFirst(8).prefix(8))
    let same = try server.client.get(
      "\(path)?format=safetensors", fields: [("If-None-Match", "\"\(tag)\"")])
    #expect(same.status == 304)
  }

  @Test func acceptChoosesToo() throws {
    let server = try TestService()
    let id = try #require(try server.jobs.wait(server.jobs.submit().id).resultModel)
    let path = "/models/\(id)"
    for (accept, type) in [
      ("*/*", "application/vnd.crisp.safetensors"), ("", "application/vnd.crisp.safetensors"),
      ("application/octet-stream", "application/octet-stream"),
      ("text/html,application/xhtml+xml,*/*;q=0.8", "application/vnd.crisp.safetensors"),
      ("application/*", "application/vnd.crisp.safetensors"),
      ("application/vnd.onnx", "application/vnd.onnx"),
      (
        "application/vnd.safetensors;q=0.5, application/vnd.onnx;q=0.4",
        "application/vnd.safetensors"
      ),
      ("application/vnd.crisp.safetensors", "application/vnd.crisp.safetensors"),
      (
        "*/*, application/octet-stream;q=0, application/vnd.crisp.safetensors;q=0",
        "application/vnd.safetensors"
      ),
    ] {
      let reply = try server.client.send("HEAD", path, fields: [("Accept", accept)])
      #expect(reply.status == 200, "\(accept)")
      #expect(reply["Content-Type"] == type, "\(accept)")
      #expect(reply["Vary"] == "Accept")
    }
    for accept in ["text/html", "application/octet-stream;q=0", "image/*"] {
      let reply = try server.client.get(path, fields: [("Accept", accept)])
      #expect(reply.status == 406, "\(accept)")
      #expect(reply.code == "not_acceptable")
      #expect(reply.json["known"] == ["crisp", "safetensors", "onnx"])
    }
    for (format, type) in [
      ("crisp", "application/vnd.crisp.safetensors"), ("onnx", "application/vnd.onnx"),
      ("safetensors", "application/vnd.safetensors"),
    ] {
      let reply = try server.client.send("HEAD", "\(path)?format=\(format)")
      #expect(reply["Content-Type"] == type, "\(format)")
    }
    // The query counts more than the field.
    let both = try server.client.send(
      "HEAD", "\(path)?format=onnx", fields: [("Accept", "text/html")])
    #expect(both.status == 200)
    for format in ["", "ONNX", "torch", "crisp%00"] where format != "crisp%00" {
      #expect(try server.client.get("\(path)?format=\(format)").status == 406, "\(format)")
    }
  }

  @Test func filesAreCalledAfterTheirClasses() {
    #expect(DownloadName.stem(labels: ["Sandal"]) == "Sandal")
    #expect(DownloadName.stem(labels: ["Sandal", "靴"]) == "Sandal, 靴")
    let many = (0..<100).map { "class \($0)" }
    #expect(DownloadName.stem(labels: many).hasPrefix("class 0, class 1, "))
    #expect(DownloadName.stem(labels: many).hasSuffix(", class 12 and 87 more"))
    // The first one is named however long it is.
    let long = String(repeating: "x", count: 500)
    #expect(DownloadName.stem(labels: [long, "y"]) == "\(long) and 1 more")
  }

  /// A cut download goes on where it ended.
  @Test func downloadsResume() throws {
    let server = try TestService()
    let id = try #require(try server.jobs.wait(server.jobs.submit().id).resultModel)
    let whole = try server.client.get("/models/\(id)")
    let tag = try #require(whole["ETag"])
    var have = Data()
    while have.count < whole.body.count {
      let end = min(have.count + whole.body.count / 3, whole.body.count - 1)
      let part = try server.client.get(
        "/models/\(id)", fields: [("Range", "bytes=\(have.count)-\(end)"), ("If-Range", tag)])
      #expect(part.status == 206)
      have += part.body
    }
    #expect("\"\(SHA256.digest(of: have).hex)\"" == tag)
    #expect(try server.client.get("/models/\(id)", fields: [("If-Match", "\"x\"")]).status == 412)
    let date = try #require(whole["Last-Modified"])
    #expect(
      try server.client.get("/models/\(id)", fields: [("If-Modified-Since", date)]).status == 304)
  }
}
