import Digests
import Foundation
import ServiceAPI
import Testing

/// What the hub's client asks; `make test-peers` runs the client itself.
@Suite struct HubRoutesTests {
  private static let names = ["README.md", "card.json", "config.json", "model.crisp.safetensors"]

  @Test func aModelIsARepositoryOfFiles() throws {
    let server = try TestService()
    let id = try #require(try server.jobs.wait(server.jobs.submit().id).resultModel)
    let client = server.client
    let info = try client.get("/api/models/\(id)/revision/main")
    #expect(info.status == 200)
    #expect(info.json["id"]?.text == id)
    let commit = try #require(info.json["sha"]?.text)
    #expect(commit.utf8.count == 40 && commit.allSatisfy(\.isHexDigit))
    for path in ["/api/models/\(id)", "/api/models/\(id)/revision/\(commit)"] {
      #expect(try client.get(path).json == info.json)
    }
    let siblings = try #require(Self.array(info.json["siblings"]))
    #expect(siblings.map { $0["rfilename"]?.text } == Self.names)
    let tree = try #require(
      Self.array(client.get("/api/models/\(id)/tree/\(commit)?recursive=True&expand=False").json))
    #expect(tree.map { $0["path"]?.text } == Self.names)

    for (name, entry) in zip(Self.names, tree) {
      let path = "/\(id)/resolve/\(commit)/\(name)"
      let file = try client.get(path)
      let digest = SHA256.digest(of: file.body).hex
      #expect(file.status == 200)
      #expect(file["ETag"] == "\"\(digest)\"")
      #expect(entry["size"]?.double == Double(file.body.count))
      #expect(entry["lfs"]?["oid"]?.text == digest)
      let head = try client.send("HEAD", "/\(id)/resolve/main/\(name)")
      #expect(head["X-Repo-Commit"] == commit)
      #expect(head["X-Linked-Etag"] == "\"\(digest)\"")
      #expect(head["X-Linked-Size"] == "\(file.body.count)")
      #expect(head["Content-Length"] == "\(file.body.count)")
      let part = try client.get(path, fields: [("Range", "bytes=5-")])
      #expect(part.status == 206)
      #expect(part.body == file.body.dropFirst(5))
    }
    #expect(
      try client.get("/\(id)/resolve/main/model.crisp.safetensors").body
        == client.get("/models/\(id)").body)
    #expect(
      try client.get("/\(id)/resolve/main/card.json").body
        == client.get("/models/\(id)/card").body)
    let configuration = try client.get("/\(id)/resolve/main/config.json").json
    #expect(configuration["id2label"] == ["0": "top left", "1": "middle"])
  }

  @Test func readmesAreMarkdownWhateverClassesAreCalled() throws {
    let server = try TestService()
    let job = try server.jobs.wait(
      server.jobs.submit(JobBody.body(classes: ["café", "top left"])).id)
    let id = try #require(job.resultModel)
    let reply = try server.client.get("/\(id)/resolve/main/README.md")
    #expect(reply["Content-Type"] == "text/markdown; charset=utf-8")
    #expect(reply["X-Content-Type-Options"] == "nosniff")
    #expect(reply.text.hasPrefix("---\nlibrary_name: crisp\n"))
    #expect(reply.text.contains("\n---\n\n# top left, café\n"))
    #expect(reply.text.contains("\n| café | "))
    #expect(reply.text.contains("name: \"toy\""))
  }

  /// The client tells these apart by a field.
  @Test func whatIsMissingIsNamed() throws {
    let server = try TestService()
    let id = try #require(try server.jobs.wait(server.jobs.submit().id).resultModel)
    let nothing = "model_0123456789abcdef01234567"
    for (path, code) in [
      ("/api/models/\(nothing)/revision/main", "RepoNotFound"),
      ("/api/models/gpt2", "RepoNotFound"), ("/\(nothing)/resolve/main/README.md", "RepoNotFound"),
      ("/\(id)/resolve/main/pytorch_model.bin", "EntryNotFound"),
      ("/\(id)/resolve/v2/README.md", "RevisionNotFound"),
      ("/api/models/\(id)/revision/refs%2Fpr%2F1", "RevisionNotFound"),
      ("/api/models/\(id)/tree/\(String(repeating: "0", count: 40))", "RevisionNotFound"),
      ("/\(id)/resolve/main/..", "EntryNotFound"),
    ] {
      let reply = try server.client.get(path)
      #expect(reply.status == 404, "\(path)")
      #expect(reply["X-Error-Code"] == code, "\(path)")
    }
  }

  private static func array(_ value: JSONValue?) -> [JSONValue]? {
    if case .array(let elements) = value { elements } else { nil }
  }
}
