import Foundation

/// What a worker and the process of a job say to each other.
struct RunMessage {
  enum Kind: UInt8 {
    // The worker
    case start = 1
    case state, cancel
    // The process
    case progress, iteration, event, warning, wanted, memory, result, failure
  }

  let kind: Kind
  /// A JSON document; empty where there is nothing to say.
  var head = Data()
  /// A model or a state.
  var body = Data()

  /// The head as a value.
  func read<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: head)
  }

  /// With a value as its head.
  static func saying(_ kind: Kind, _ head: some Encodable, body: Data = Data()) throws
    -> RunMessage
  {
    RunMessage(kind: kind, head: try JSONEncoder().encode(head), body: body)
  }

  // MARK: What heads hold

  /// Everything a job needs but the base model's file, which is the body.
  struct Start: Codable {
    struct Dataset: Codable {
      let name, path, format, digest: String
      let classes: [String]
      let fingerprint: String?
    }

    let profile, recipe: Data
    let baseModel, baseDigest: String
    let dataset: Dataset
    let threads: Int
    let estimate: Data?
    /// By how much jobs that run beside it slow it.
    let slowdown: Double
    let memoryLimit: Int?
    /// Seconds of processor time after which the kernel ends the process; nil for no end.
    let processorSeconds: Int?
    /// Whether a state follows, and of which iteration.
    let resumes: Int?
  }

  struct Event: Codable {
    let type, message, level: String
    let data: Data
  }

  struct Output: Codable {
    let labels: [String]
    let card: Data
    let seconds: [String: Double]
  }

  struct Failure: Codable {
    enum Kind: String, Codable { case cancelled, dataset, other }

    let kind: Kind
    let code, message: String
    let param: String?
    /// Whether the data set's files are not what was registered.
    let isDamage: Bool
    /// What the worker's log says of it.
    let detail: String
  }
}
