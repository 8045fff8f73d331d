/// A pruning job as clients see it; shaped like the fine-tuning jobs of model vendors. Times are
/// Unix seconds. Members without a value are written as null, so every job has the same members.
public struct JobResource: Codable, Sendable {
  /// How far a running job is.
  public struct Progress: Codable, Sendable {
    /// `references`, `dense`, `saliency`, `pruning`, `final` or `packing`.
    public var stage: String
    /// Pruning iteration under way, from 1; 0 before the first.
    public var iteration: Int
    /// Pruning iterations in all.
    public var of: Int
    /// Epoch under way within the stage, from 1.
    public var epoch: Int
    /// Zeros per weight over the prunable layers, now.
    public var sparsity: Double
    /// Latest accuracy on the validation split, 0…1.
    public var accuracy: Double?
    /// Mean training loss of the latest epoch.
    public var loss: Double?
    /// Share of the training steps done, 0…1.
    public var fraction: Double

    /// Progress as given.
    public init(
      stage: String, iteration: Int, of: Int, epoch: Int, sparsity: Double, accuracy: Double?,
      loss: Double?, fraction: Double
    ) {
      self.stage = stage
      self.iteration = iteration
      self.of = of
      self.epoch = epoch
      self.sparsity = sparsity
      self.accuracy = accuracy
      self.loss = loss
      self.fraction = fraction
    }

    /// Writes null for members without a value.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(stage, forKey: .stage)
      try container.encode(iteration, forKey: .iteration)
      try container.encode(of, forKey: .of)
      try container.encode(epoch, forKey: .epoch)
      try container.encode(sparsity, forKey: .sparsity)
      try container.encode(accuracy, forKey: .accuracy)
      try container.encode(loss, forKey: .loss)
      try container.encode(fraction, forKey: .fraction)
    }
  }

  /// Why a job failed.
  public struct Failure: Codable, Sendable {
    /// Stable identifier.
    public var code: String
    /// One sentence.
    public var message: String
    /// The request's field at fault, when there is one.
    public var param: String?

    /// A failure as given.
    public init(code: String, message: String, param: String? = nil) {
      self.code = code
      self.message = message
      self.param = param
    }

    /// Writes null for members without a value.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(code, forKey: .code)
      try container.encode(message, forKey: .message)
      try container.encode(param, forKey: .param)
    }
  }

  /// The documents of a job as they are stored, which go out in place of the members of their names.
  public struct Texts: Sendable {
    /// In place of ``JobResource/classes``.
    public var classes: JSONText?
    /// In place of ``JobResource/recipe``.
    public var recipe: JSONText?
    /// In place of ``JobResource/metadata``.
    public var metadata: JSONText?

    /// Those that there are.
    public init(classes: JSONText? = nil, recipe: JSONText? = nil, metadata: JSONText? = nil) {
      self.classes = classes
      self.recipe = recipe
      self.metadata = metadata
    }
  }

  /// Always `pruning.job`.
  public var object = "pruning.job"
  /// `job_…`.
  public var id: String
  /// Who asked first; null once that user is deleted.
  public var user: String?
  /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
  public var status: String
  /// `low`, `normal` or `high`.
  public var priority: String
  /// Unix seconds.
  public var createdAt: Int
  /// Unix seconds.
  public var startedAt: Int?
  /// Unix seconds.
  public var finishedAt: Int?
  /// Jobs that workers take before this one; null unless it waits, and in lists and streams.
  public var position: Int?
  /// Whether the operator has paused the queue, so that it waits until that goes on; null where the
  /// position is. Nil from servers of earlier versions.
  public var paused: Bool?
  /// Where a running or finished job is or was.
  public var progress: Progress?
  /// Unix seconds, while running.
  public var estimatedFinish: Int?
  /// What it was expected to cost when it was queued; null for jobs of earlier versions.
  public var estimate: EstimateFigures?
  /// What the worker's machine must have, so that it waits for one that has it all. Nil from servers of
  /// earlier versions.
  public var requires: [String]?
  /// How many times a worker has taken the job.
  public var attempt: Int
  /// Why it failed.
  public var error: Failure?
  /// `model_…` once succeeded.
  public var resultModel: String?
  /// The base model's name.
  public var baseModel: String
  /// The profile: names and normalised weights, in the order of the scores; in lists the first 20.
  public var classes: JSONValue
  /// Classes of the profile. Nil from servers of earlier versions.
  public var classCount: Int?
  /// Everything else that decides the outcome.
  public var recipe: JSONValue
  /// The recipe's seed.
  public var seed: UInt64
  /// What the request carried along.
  public var metadata: JSONValue
  /// What a server writes of these without having read it; nothing after decoding.
  public var texts = Texts()

  enum CodingKeys: String, CodingKey {
    case object, id, user, status, priority
    case createdAt = "created_at"
    case startedAt = "started_at"
    case finishedAt = "finished_at"
    case position, paused, progress
    case estimatedFinish = "estimated_finish"
    case estimate, requires, attempt, error
    case resultModel = "result_model"
    case baseModel = "base_model"
    case classes
    case classCount = "class_count"
    case recipe, seed, metadata
  }

  /// A job as given.
  public init(
    id: String, user: String?, status: String, priority: String, createdAt: Int, startedAt: Int?,
    finishedAt: Int?,
    position: Int? = nil, paused: Bool? = nil, progress: Progress?, estimatedFinish: Int?,
    estimate: EstimateFigures? = nil, requires: [String]? = nil, attempt: Int,
    error: Failure?,
    resultModel: String?, baseModel: String, classes: JSONValue, classCount: Int? = nil,
    recipe: JSONValue, seed: UInt64, metadata: JSONValue, texts: Texts = Texts()
  ) {
    self.id = id
    self.user = user
    self.status = status
    self.priority = priority
    self.createdAt = createdAt
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.position = position
    self.paused = paused
    self.progress = progress
    self.estimatedFinish = estimatedFinish
    self.estimate = estimate
    self.requires = requires
    self.attempt = attempt
    self.error = error
    self.resultModel = resultModel
    self.baseModel = baseModel
    self.classes = classes
    self.classCount = classCount
    self.texts = texts
    self.recipe = recipe
    self.seed = seed
    self.metadata = metadata
  }

  /// Whether nothing more will happen to the job.
  public var isFinished: Bool { ["succeeded", "failed", "cancelled"].contains(status) }

  /// The same with its texts read, for who shows what they say.
  public var read: JobResource {
    var job = self
    job.classes = texts.classes?.value ?? classes
    job.recipe = texts.recipe?.value ?? recipe
    job.metadata = texts.metadata?.value ?? metadata
    job.texts = Texts()
    return job
  }

  /// Writes null for members without a value.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    func encode(_ text: JSONText?, or value: JSONValue, forKey key: CodingKeys) throws {
      if let text {
        try container.encode(text, forKey: key)
      } else {
        try container.encode(value, forKey: key)
      }
    }
    try container.encode(object, forKey: .object)
    try container.encode(id, forKey: .id)
    try container.encode(user, forKey: .user)
    try container.encode(status, forKey: .status)
    try container.encode(priority, forKey: .priority)
    try container.encode(createdAt, forKey: .createdAt)
    try container.encode(startedAt, forKey: .startedAt)
    try container.encode(finishedAt, forKey: .finishedAt)
    try container.encode(position, forKey: .position)
    try container.encode(paused, forKey: .paused)
    try container.encode(progress, forKey: .progress)
    try container.encode(estimatedFinish, forKey: .estimatedFinish)
    try container.encode(estimate, forKey: .estimate)
    try container.encode(requires ?? [], forKey: .requires)
    try container.encode(attempt, forKey: .attempt)
    try container.encode(error, forKey: .error)
    try container.encode(resultModel, forKey: .resultModel)
    try container.encode(baseModel, forKey: .baseModel)
    try encode(texts.classes, or: classes, forKey: .classes)
    try container.encode(classCount, forKey: .classCount)
    try encode(texts.recipe, or: recipe, forKey: .recipe)
    try container.encode(seed, forKey: .seed)
    try encode(texts.metadata, or: metadata, forKey: .metadata)
  }
}
