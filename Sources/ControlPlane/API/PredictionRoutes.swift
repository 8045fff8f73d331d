import Dispatch
import Foundation
import HTTPServer
import HTTPTypes
import ModelFormats
import ServiceAPI
import SparseRuntime
import Store

extension API {
  func addPredictionRoutes(to routes: inout RouteTable) {
    routes.on(
      .post, "/models/{model}/predictions", access: .modelHolder, scope: .read,
      bodyLimit: predictionBodyLimit
    ) { request, parameters, caller in
      let id = try model(parameters).id
      return lanes.predictions.response(for: try party(caller, request)) { turn in
        try predict(request, model: id, turn)
      }
    }
  }

  /// Classifies one image. How long that took goes into a field, so that equal requests have equal
  /// bodies.
  private func predict(_ request: Request, model id: ModelID, _ turn: WorkTurn) throws -> Response {
    let input = try PredictionInput(request)
    uses.note(id)
    let top = try Self.count(request, "top", otherwise: 5)
    let (best, times) = try predictions.run(id) { session, model in
      let start = DispatchTime.now()
      let values = try input.values(for: model.description.preprocessing)
      let decoded = DispatchTime.now()
      try turn.check()
      let best = try session.predict(
        images: values, count: 1, labels: model.description.labels, top: top)
      return (best, [("decode", start, decoded), ("run", decoded, DispatchTime.now())])
    }
    var headers = HTTPFields()
    // W3C Server Timing: milliseconds.
    if let name = HTTPField.Name("Server-Timing") {
      headers[name] = times.map { name, start, end in
        let nanoseconds = end.uptimeNanoseconds - start.uptimeNanoseconds
        return "\(name);dur=\(String(format: "%.3f", Double(nanoseconds) / 1e6))"
      }.joined(separator: ", ")
    }
    let resource = PredictionResource(
      model: id.rawValue,
      classes: best.joined().map {
        PredictionResource.Entry(
          label: $0.label, index: $0.index, probability: Double($0.probability))
      })
    return try .json(.ok, resource, headers: headers)
  }
}
