import Foundation
import HTTPServer
import HTTPTypes
import Inputs
import JobContract
import Logging
import Metrics
import ServiceAPI
import Store

/// The routes of Documentation/api.md. Each file in this folder adds those of one resource.
package struct API: Sendable {
  /// All state.
  package let store: any CompleteStore
  /// Who may do what.
  package let gate: Gate
  let library: any UniversalModels
  let heads: BaseModelHeads
  let runner: any JobDispatch
  let estimator: JobEstimator
  let hub: JobHub
  /// How long an event stream is silent at most.
  let heartbeat: Duration
  let housekeeping: any RemainsEraser
  /// Where slow work is done.
  package let lanes: Lanes
  let predictions: SessionCache
  let converter: ModelConverter
  /// Told of every download and prediction.
  let uses: Uses<ModelID>
  let rates: PostRates
  /// Whose milliseconds are meant unless a request names a device.
  let ownDevice: ServerDevice
  let devices: DeviceFolder
  let limits: QueueLimits
  /// Most bytes of a request's body on any route.
  package let bodyLimit: Int
  /// Most bytes of a picture or tensor to classify.
  let predictionBodyLimit: Int
  /// Whether clients fetch models where their bytes are, if that is elsewhere.
  let redirectsDownloads: Bool
  let metrics: MetricsRegistry
  let readiness: Readiness
  let logger: Logger

  /// Handlers over what the program has put together.
  package init(
    store: any CompleteStore, gate: Gate, library: any UniversalModels, runner: any JobDispatch,
    estimator: JobEstimator,
    hub: JobHub, heartbeat: Duration, housekeeping: any RemainsEraser, lanes: Lanes,
    predictions: SessionCache, converter: ModelConverter, uses: Uses<ModelID>, rates: PostRates,
    ownDevice: ServerDevice, devices: DeviceFolder,
    limits: QueueLimits, bodyLimit: Int, predictionBodyLimit: Int, redirectsDownloads: Bool,
    metrics: MetricsRegistry, readiness: Readiness, logger: Logger
  ) {
    self.store = store
    self.gate = gate
    self.library = library
    heads = BaseModelHeads(store: store)
    self.runner = runner
    self.estimator = estimator
    self.hub = hub
    self.heartbeat = heartbeat
    self.housekeeping = housekeeping
    self.lanes = lanes
    self.predictions = predictions
    self.converter = converter
    self.uses = uses
    self.rates = rates
    self.ownDevice = ownDevice
    self.devices = devices
    self.limits = limits
    self.bodyLimit = bodyLimit
    self.predictionBodyLimit = predictionBodyLimit
    self.redirectsDownloads = redirectsDownloads
    self.metrics = metrics
    self.readiness = readiness
    self.logger = logger
  }

  /// The routes of the API; the page adds its own.
  package func routes() -> RouteTable {
    var routes = RouteTable(gate: gate)
    addUserRoutes(to: &routes)
    addJobRoutes(to: &routes)
    addEventRoutes(to: &routes)
    addModelRoutes(to: &routes)
    addHubRoutes(to: &routes)
    addPredictionRoutes(to: &routes)
    addCatalogRoutes(to: &routes)
    addOperatorRoutes(to: &routes)
    addHealthRoutes(to: &routes)
    return routes
  }

  /// The user whose things a list shows; nil shows everybody's.
  static func scope(_ request: Request, of caller: Caller) throws -> UserID? {
    try caller.scope(asking: request.queryValue("user").map { try UserID($0) })
  }

  /// `limit` of a list: 20 unless said otherwise.
  static func limit(_ request: Request) throws -> Int {
    try count(request, "limit", otherwise: 20)
  }

  /// How many of something the query asks for: 1 to 100, or as many as said.
  static func count(
    _ request: Request, _ name: String, otherwise: Int, in bounds: ClosedRange<Int> = 1...100
  ) throws -> Int {
    guard let text = request.queryValue(name) else { return otherwise }
    let range = InputRange(bounds)
    // Digits only: Int("+5") is 5.
    guard !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ (48...57).contains($0) }),
      let count = Int(text), range.contains(count)
    else { throw JSONBody.invalid(range.requirement(), param: name) }
    return count
  }

  /// `after` of a list whose elements have identifiers of that kind.
  static func after<ID: RandomID>(_ request: Request, as _: ID.Type) throws -> ID?
  where ID.RawValue == String {
    try request.queryValue("after").map { text in
      guard let id = ID(rawValue: text) else {
        throw JSONBody.invalid("must be the id of an element of this list", param: "after")
      }
      return id
    }
  }

  /// The identifier in the path; text of another form names nothing there is.
  static func identifier<ID: RandomID>(_ name: String, in parameters: PathParameters) throws -> ID
  where ID.RawValue == String {
    let text = try parameters.require(name)
    guard let id = ID(rawValue: text) else {
      throw StoreError.notFound(ID.prefix == ModelID.prefix ? .model : .job, text)
    }
    return id
  }

  /// Unix seconds; a date beyond what fits, which only a damaged row has, is clamped.
  package static func seconds(_ date: Date) -> Int {
    Int(clamped: date.timeIntervalSince1970.rounded(.down))
  }

  /// A stored document. Those of earlier versions may be deeper than requests may be now.
  static func json(_ data: Data?) -> JSONValue {
    data.flatMap { try? JSONValue(json: Array($0), limits: .stored) } ?? .null
  }
}
