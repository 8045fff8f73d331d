import Foundation

/// The answers of a model hub's API, as far as its client needs them.
enum HubResources {
  /// Where a large file's bytes are known by their digest.
  struct Object: Encodable {
    let sha256: String
    let size: Int64
    /// Bytes of the text that stands for the file in git.
    let pointerSize = 134

    /// The tree calls the digest `oid`, the list of a model's files `sha256`.
    enum CodingKeys: String, CodingKey { case sha256, oid, size, pointerSize }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(sha256, forKey: .sha256)
      try container.encode(sha256, forKey: .oid)
      try container.encode(size, forKey: .size)
      try container.encode(pointerSize, forKey: .pointerSize)
    }
  }

  /// A file in the answer on its model.
  struct Sibling: Encodable {
    let rfilename: String
    let size: Int64
    let blobId: String
    let lfs: Object
  }

  /// `GET /api/models/{model}`.
  struct Model: Encodable {
    let id: String
    let modelId: String
    let sha: String
    let `private`: Bool
    let gated = false
    let disabled = false
    let libraryName = "crisp"
    let pipelineTag = "image-classification"
    let tags: [String]
    let createdAt: String
    let lastModified: String
    let usedStorage: Int64
    let siblings: [Sibling]

    enum CodingKeys: String, CodingKey {
      case id, modelId, sha, `private`, gated, disabled
      case libraryName = "library_name"
      case pipelineTag = "pipeline_tag"
      case tags, createdAt, lastModified, usedStorage, siblings
    }

    init(_ repository: HubRepository, isPrivate: Bool) {
      id = repository.model.id.rawValue
      modelId = id
      sha = repository.commit
      `private` = isPrivate
      tags = CardMarkdown.tags
      createdAt = repository.model.createdAt.formatted(
        Date.ISO8601FormatStyle(includingFractionalSeconds: true))
      lastModified = createdAt
      usedStorage = repository.files.reduce(0) { $0 + $1.content.size }
      siblings = repository.files.map { file in
        Sibling(
          rfilename: file.name, size: file.content.size,
          blobId: String(file.content.digest.hex.prefix(40)),
          lfs: Object(sha256: file.content.digest.hex, size: file.content.size))
      }
    }
  }

  /// An element of `GET /api/models/{model}/tree/{revision}`.
  struct Entry: Encodable {
    let type = "file"
    let path: String
    let size: Int64
    let oid: String
    let lfs: Object

    init(_ file: HubRepository.File) {
      path = file.name
      size = file.content.size
      oid = String(file.content.digest.hex.prefix(40))
      lfs = Object(sha256: file.content.digest.hex, size: size)
    }
  }
}
