/// What the `{name}` parts of a pattern matched.
public struct PathParameters: Sendable {
  private let values: [(name: String, value: String)]

  init(_ values: [(name: String, value: String)]) {
    self.values = values
  }

  /// The decoded segment a parameter matched; nil when the pattern has no such parameter.
  public subscript(name: String) -> String? {
    values.first { $0.name == name }?.value
  }

  /// The decoded segment a parameter matched.
  /// - Throws: `ProblemDetails` with status 404 when the pattern has no such parameter.
  public func require(_ name: String) throws -> String {
    guard let value = self[name] else {
      throw ProblemDetails(.notFound, code: "not_found", param: name)
    }
    return value
  }
}
