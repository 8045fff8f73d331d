import HTTPServer
import HTTPTypes
import Inputs

extension Request {
  /// Throws 400 when the query names a parameter twice: of two values one would be ignored, and
  /// which one, programs disagree on.
  func requireSingleParameters() throws {
    guard query.count > 1 else { return }
    var names: Set<String> = []
    for (name, _) in query where !names.insert(name).inserted {
      throw ProblemDetails(
        .badRequest, code: "repeated_parameter",
        detail: "'\(name.echoed())' is given more than once",
        param: name.echoed())
    }
  }
}
