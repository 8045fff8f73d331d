import ClassWeights

/// A page of a list. Ask for the next with `after` set to `lastID`.
public struct ListResource<Element: Codable & Sendable>: Codable, Sendable {
  /// Always `list`.
  public var object = "list"
  /// The page's elements.
  public var data: [Element]
  /// Whether more follow.
  public var hasMore: Bool
  /// Identifier of the last element, for `after`.
  public var lastID: String?

  enum CodingKeys: String, CodingKey {
    case object, data
    case hasMore = "has_more"
    case lastID = "last_id"
  }

  /// A page as given.
  public init(_ data: [Element], hasMore: Bool = false, lastID: String? = nil) {
    self.data = data
    self.hasMore = hasMore
    self.lastID = lastID
  }

  /// Writes null for an absent identifier.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(object, forKey: .object)
    try container.encode(data, forKey: .data)
    try container.encode(hasMore, forKey: .hasMore)
    try container.encode(lastID, forKey: .lastID)
  }
}

/// One entry of a job's log.
public struct JobEventResource: Codable, Sendable {
  /// Always `pruning.job.event`.
  public var object = "pruning.job.event"
  /// Counts up from 1 within the job; the `after` of the next page.
  public var id: Int64
  /// Unix seconds.
  public var createdAt: Int
  /// `info`, `warning` or `error`.
  public var level: String
  /// For example `iteration`.
  public var type: String
  /// One sentence.
  public var message: String
  /// Figures that belong to it.
  public var data: JSONValue

  enum CodingKeys: String, CodingKey {
    case object, id
    case createdAt = "created_at"
    case level, type, message, data
  }

  /// An event as given.
  public init(
    id: Int64, createdAt: Int, level: String, type: String, message: String, data: JSONValue
  ) {
    self.id = id
    self.createdAt = createdAt
    self.level = level
    self.type = type
    self.message = message
    self.data = data
  }
}

/// A tailored model that can be downloaded.
public struct ModelResource: Codable, Sendable {
  /// Always `model`.
  public var object = "model"
  /// `model_…`.
  public var id: String
  /// Unix seconds.
  public var createdAt: Int
  /// Class names in the order of the scores, of which lists show the first 20.
  public var labels: [String]
  /// Classes of the model. Nil from servers of earlier versions.
  public var labelCount: Int?
  /// Bytes of the packed file.
  public var bytes: Int64
  /// Its SHA-256 in hexadecimal; the ETag of the download.
  public var sha256: String
  /// The base model's name.
  public var baseModel: String
  /// The job that made it.
  public var job: String

  enum CodingKeys: String, CodingKey {
    case object, id
    case createdAt = "created_at"
    case labels
    case labelCount = "label_count"
    case bytes, sha256
    case baseModel = "base_model"
    case job
  }

  /// A model as given.
  public init(
    id: String, createdAt: Int, labels: [String], labelCount: Int? = nil, bytes: Int64,
    sha256: String, baseModel: String, job: String
  ) {
    self.id = id
    self.createdAt = createdAt
    self.labels = labels
    self.labelCount = labelCount
    self.bytes = bytes
    self.sha256 = sha256
    self.baseModel = baseModel
    self.job = job
  }
}

/// A registered universal model.
public struct BaseModelResource: Codable, Sendable {
  /// Always `base_model`.
  public var object = "base_model"
  /// The name requests use.
  public var name: String
  /// The network's kind.
  public var architecture: String
  /// The data set it belongs to.
  public var dataset: String
  /// Every class that can be asked for.
  public var labels: [String]
  /// Learned weights.
  public var parameters: Int64
  /// SHA-256 of its file in hexadecimal.
  public var sha256: String
  /// Whether it is taken where a request names none.
  public var isDefault: Bool
  /// Unix seconds.
  public var createdAt: Int

  enum CodingKeys: String, CodingKey {
    case object, name, architecture, dataset, labels, parameters, sha256
    case isDefault = "default"
    case createdAt = "created_at"
  }

  /// A base model as given.
  public init(
    name: String, architecture: String, dataset: String, labels: [String], parameters: Int64,
    sha256: String, isDefault: Bool, createdAt: Int
  ) {
    self.name = name
    self.architecture = architecture
    self.dataset = dataset
    self.labels = labels
    self.parameters = parameters
    self.sha256 = sha256
    self.isDefault = isDefault
    self.createdAt = createdAt
  }
}

/// A registered data set.
public struct DatasetResource: Codable, Sendable {
  /// Always `dataset`.
  public var object = "dataset"
  /// The name requests use.
  public var name: String
  /// The kind of its files.
  public var format: String
  /// Class names in label order.
  public var classes: [String]
  /// Images per split and class.
  public var counts: JSONValue
  /// SHA-256 over its images and labels in hexadecimal.
  public var sha256: String
  /// Unix seconds.
  public var createdAt: Int

  enum CodingKeys: String, CodingKey {
    case object, name, format, classes, counts, sha256
    case createdAt = "created_at"
  }

  /// A data set as given.
  public init(
    name: String, format: String, classes: [String], counts: JSONValue, sha256: String,
    createdAt: Int
  ) {
    self.name = name
    self.format = format
    self.classes = classes
    self.counts = counts
    self.sha256 = sha256
    self.createdAt = createdAt
  }
}

/// A version of a user's class profile.
public struct ProfileResource: Codable, Sendable {
  /// Counts up from 1.
  public var version: Int
  /// The base model the classes belong to.
  public var baseModel: String
  /// Names and shares, which sum to 1; of earlier versions the first 20.
  public var classes: [ClassWeight]
  /// Classes of the profile. Nil from servers of earlier versions.
  public var classCount: Int?
  /// Unix seconds.
  public var createdAt: Int

  enum CodingKeys: String, CodingKey {
    case version
    case baseModel = "base_model"
    case classes
    case classCount = "class_count"
    case createdAt = "created_at"
  }

  /// A profile as given.
  public init(
    version: Int, baseModel: String, classes: [ClassWeight], classCount: Int? = nil, createdAt: Int
  ) {
    self.classCount = classCount
    self.version = version
    self.baseModel = baseModel
    self.classes = classes
    self.createdAt = createdAt
  }
}

/// A user: current profile, its history, jobs and models.
public struct UserResource: Codable, Sendable {
  /// Always `user`.
  public var object = "user"
  /// Any Unicode text.
  public var id: String
  /// Unix seconds.
  public var createdAt: Int
  /// The newest profile.
  public var profile: ProfileResource?
  /// All versions, newest first.
  public var history: [ProfileResource]
  /// The user's newest jobs; `GET /jobs?user=` has all.
  public var jobs: [JobResource]
  /// The user's newest models; `GET /models?user=` has all.
  public var models: [ModelResource]

  enum CodingKeys: String, CodingKey {
    case object, id
    case createdAt = "created_at"
    case profile, history, jobs, models
  }

  /// A user as given.
  public init(
    id: String, createdAt: Int, profile: ProfileResource?, history: [ProfileResource],
    jobs: [JobResource], models: [ModelResource]
  ) {
    self.id = id
    self.createdAt = createdAt
    self.profile = profile
    self.history = history
    self.jobs = jobs
    self.models = models
  }
}
