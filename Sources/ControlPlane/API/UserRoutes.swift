import Digests
import Foundation
import HTTPServer
import HTTPTypes
import Inputs
import JobContract
import ModelFormats
import Pruning
import ServiceAPI
import Store

extension API {
  func addUserRoutes(to routes: inout RouteTable) {
    routes.on(
      .post, "/users/{user}/classes", access: .sameUser, bodyLimit: min(256 << 10, bodyLimit)
    ) { request, parameters, caller in
      try BodyType.requireJSON(request)
      let user = try UserID(parameters.require("user"))
      // Here, once: a request that waits for a measurement is begun again.
      try limitRate(of: user, request)
      return lanes.requests.response(for: try party(caller, request, user)) { _ in
        try submit(request, user: user, for: caller)
      }
    }
    onList("/users/{user}", access: .sameUser, in: &routes) { _, parameters, caller in
      try .json(.ok, user(UserID(parameters.require("user")), for: caller))
    }
    onList("/users/{user}/classes", access: .sameUser, in: &routes) { _, parameters, _ in
      let id = try UserID(parameters.require("user"))
      return try .json(.ok, ListResource(store.profiles(of: id).map(Self.resource)))
    }
    routes.on(.delete, "/users/{user}", access: .sameUser) { _, parameters, _ in
      let deletion = try store.deleteUser(UserID(parameters.require("user")))
      for job in deletion.cancelledJobs { runner.cancel(job) }
      predictions.drop(deletion.deletedModels)
      housekeeping.eraseSoon()
      return Response(.noContent)
    }
  }

  private func submit(_ request: Request, user: UserID, for caller: Caller) throws -> Response {
    let party = try party(caller, request, user)
    let key = try idempotencyKey(request)
    do {
      if try Self.isDryRun(request) {
        // A key that would be refused is refused here, too.
        if let key { _ = try store.earlierJob(of: user, under: key) }
        let prepared = try prepare(request.body, for: caller)
        return try .json(
          .ok,
          EstimateResource(
            prepared.estimate, limits: estimator.limits, baseModel: prepared.baseModel.name))
      }
      let job = try submit(
        request.body, under: key, of: request, user: user, for: caller)
      return try .json(
        job.isFinished ? .ok : .accepted, job, headers: [.location: "/jobs/\(job.id)"])
    } catch let error as ServerDevice.Unmeasured {
      return error.measurement.response(within: ownDevice.patience, late: ServerDevice.busy) {
        lanes.requests.response(for: party) { _ in
          try submit(request, user: user, for: caller)
        }
      }
    }
  }

  /// Asks for a tailored model: a new job, or the finished one when the same was asked before, by
  /// whomever. A repeated idempotency key may also find a job that came to nothing.
  package func submit(
    _ body: [UInt8], under key: IdempotencyKey?, of request: Request, user: UserID,
    for caller: Caller
  ) throws -> JobResource {
    let wanted = try read(body)
    // Before anything that may have changed since: what was accepted once stays so.
    if let key, let job = try store.earlierJob(of: user, under: key) {
      return try resource(job, for: caller)
    }
    func attempt() throws -> JobResource {
      try submit(
        prepare(wanted, for: caller), metadata: Data(JSONWriting.bytes(wanted.metadata)),
        priority: wanted.priority.rawValue, requires: wanted.requires, under: key, of: request,
        user: user, for: caller)
    }
    do { return try attempt() } catch StoreError.replaced {
      // The operator replaced the base model just now: the request is one for the new one.
      return try attempt()
    }
  }

  /// Asks again for what a job that failed or was cancelled was to make.
  func retry(_ job: JobRecord, of request: Request, user: UserID, for caller: Caller) throws
    -> JobResource
  {
    let baseModel = try store.baseModel(job.baseModel).record
    let dataset = try store.dataset(baseModel.dataset).record
    let specification = try JobSpecification(profile: job.profile, recipe: job.recipe)
    let prepared = Prepared(
      specification: specification, baseModel: baseModel, dataset: dataset,
      estimate: try estimator.estimate(
        specification, universal: heads.head(of: baseModel).description, baseModel: baseModel,
        dataset: dataset))
    // What an operator granted once is not granted again.
    let most = caller == .operator ? JobPriority.high : .normal
    return try submit(
      prepared, metadata: job.owner == user ? job.metadata : Data("{}".utf8),
      priority: min(job.priority, most.rawValue), requires: job.requires, under: nil, of: request,
      user: user, for: caller)
  }

  private func submit(
    _ prepared: Prepared, metadata: Data, priority: Int, requires: [String],
    under key: IdempotencyKey?, of request: Request, user: UserID, for caller: Caller
  ) throws -> JobResource {
    let (specification, estimate) = (prepared.specification, prepared.estimate)
    try estimator.check(estimate)
    let documents = try specification.documents()
    let outcome = try store.submit(
      Submission(
        user: user,
        fingerprint: documents.fingerprint(
          baseModel: prepared.baseModel.digest, dataset: prepared.dataset.digest),
        baseModel: prepared.baseModel.name, baseDigest: prepared.baseModel.digest,
        classes: specification.profile.entries,
        profile: documents.profile,
        recipe: documents.recipe, seed: specification.recipe.seed,
        metadata: metadata, priority: priority,
        estimate: CanonicalJSON.data(estimate),
        // A turn is a second.
        cost: Int(min(max(1, estimate.seconds.rounded()), 1e9)),
        memoryEstimate: Int64(estimate.memoryBytes), requires: requires, idempotencyKey: key,
        limits: limits))
    if case .created(let job) = outcome {
      logger.info(
        "job queued", metadata: ["job_id": "\(job.id)", "request_id": "\(request.id)"])
      runner.wake()
    }
    return try placed(resource(outcome.job, for: caller), outcome.job)
  }

  /// A request that has been checked, and what it would cost.
  private struct Prepared {
    let specification: JobSpecification
    let baseModel: BaseModelRecord
    let dataset: DatasetRecord
    let estimate: RunEstimate
  }

  private func prepare(_ body: [UInt8], for caller: Caller) throws -> Prepared {
    try prepare(read(body), for: caller)
  }

  /// The fields of a body. Where some are wrong, classes that the base model does not know are told too.
  private func read(_ body: [UInt8]) throws -> JobRequest {
    try JobRequest(body) { name in (try? baseModel(named: name))?.labels }
  }

  private func prepare(_ request: JobRequest, for caller: Caller) throws -> Prepared {
    var wanted = request
    guard wanted.priority != .high || caller == .operator else {
      throw ProblemDetails(
        .forbidden, code: "operator_only",
        detail: "only an operator may ask for the priority 'high'", param: "priority")
    }
    let baseModel = try baseModel(named: wanted.baseModel)
    let universal = try heads.head(of: baseModel)
    wanted.suit(universal)
    if wanted.needsDevice {
      // Before anything is measured for a request that is refused anyway.
      _ = try wanted.profile.indices(in: baseModel.labels)
      let pattern = wanted.recipe.pattern
      wanted.use(
        try wanted.device.map { try devices.profile(named: $0) }
          ?? ownDevice.profile(
            of: universal.description, digest: baseModel.digest, pattern: pattern,
            lane: lanes.measurements
          ) { [library] in try library.model(baseModel) })
    }
    let dataset = try store.dataset(baseModel.dataset).record
    let specification = try JobSpecification(
      profile: wanted.profile, recipe: wanted.recipe, labels: baseModel.labels)
    try Personalization.check(
      specification.recipe, profile: specification.profile, universal: universal.description)
    return Prepared(
      specification: specification, baseModel: baseModel, dataset: dataset,
      estimate: try estimator.estimate(
        specification, universal: universal.description, baseModel: baseModel, dataset: dataset))
  }

  /// Whether the request is only to be estimated.
  private static func isDryRun(_ request: Request) throws -> Bool {
    switch request.queryValue("dry_run") {
    case nil, "false": false
    case "true": true
    default: throw JSONBody.invalid("must be true or false", param: "dry_run")
    }
  }

  /// Whoever asks for one model after the other waits. On an open server anybody can take any name, so
  /// that addresses are counted too; a proxy's address may stand for many users, hence its share.
  package func limitRate(of user: UserID, _ request: Request) throws {
    var wait = rates.wait(for: "user \(user.text)")
    if wait == nil, try !gate.isClosed {
      wait = rates.wait(for: "address \(request.remoteAddress)", share: 10)
    }
    guard let wait else { return }
    throw ProblemDetails(
      .tooManyRequests, code: "rate_limited",
      detail: "a user may ask for \(rates.limit) models a minute; the next one may be asked for in "
        + "\(wait) seconds", retryAfter: wait)
  }

  /// The key stands for all that the body says, however it is spelled.
  private func idempotencyKey(_ request: Request) throws -> IdempotencyKey? {
    guard let name = HTTPField.Name("Idempotency-Key"), let text = request.headers[name] else {
      return nil
    }
    let body = JSONWriting.bytes(try JSONBody.parse(request.body))
    return IdempotencyKey(text, request: SHA256.digest(of: body))
  }

  /// The base model of that name; without a name the operator's default.
  private func baseModel(named name: String?) throws -> BaseModelRecord {
    // There is a default wherever there is any.
    guard let wanted = try name ?? store.defaultBaseModel() else { throw Self.noBaseModel }
    do {
      return try store.baseModel(wanted).record
    } catch StoreError.notFound(.baseModel, _) {
      let known = try store.baseModels().map(\.record.name)
      guard !known.isEmpty else { throw Self.noBaseModel }
      throw ProblemDetails(
        .unprocessableContent, code: "unknown_base_model",
        detail: "no base model is called '\(wanted.echoed())'; GET /base-models lists them",
        param: "base_model", extensions: ["known": .strings(known)])
    }
  }

  private static let noBaseModel = ProblemDetails(
    .serviceUnavailable, code: "no_base_model",
    detail: "no base model is registered on this server yet; its operator can: "
      + EmbeddedModel.missingHint, retryAfter: 60)

  private func user(_ id: UserID, for caller: Caller) throws -> UserResource {
    let record = try store.user(id)
    let history = try store.profiles(of: id).map(Self.resource)
    return UserResource(
      id: record.id.text, createdAt: Self.seconds(record.createdAt),
      profile: record.profile.map(Self.resource),
      history: history,
      jobs: try store.jobs(JobFilter(user: id), after: nil, limit: 20).elements
        .map { try resource($0, for: caller) },
      models: try store.models(ModelFilter(user: id), after: nil, limit: 20).elements
        .map { Self.resource(try shown($0, to: caller)) })
  }

  private static func resource(_ record: ProfileRecord) -> ProfileResource {
    ProfileResource(
      version: record.version, baseModel: record.baseModel,
      classes: record.classes, classCount: record.classCount,
      createdAt: seconds(record.createdAt))
  }
}
