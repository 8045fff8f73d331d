import HTTPServer

/// What is wrong with a request's fields, all of it at once: whoever mends one mistake should not have to
/// send the request again to learn of the next.
struct FieldProblems {
  /// In the order in which they were found.
  private(set) var all: [ProblemDetails] = []

  /// Problems that the answer describes one by one.
  private static let mostShown = 8
  /// Bytes of all their sentences, each of which may repeat a part of the request.
  private static let longestDetail = 1024

  /// What `body` answers; nil when it finds a field that cannot be used, which is noted.
  /// - Throws: everything else.
  mutating func noting<Value>(_ body: () throws -> Value) throws -> Value? {
    do { return try body() } catch {
      guard let problem = Problems.problem(for: error), problem.status == 422 else { throw error }
      all.append(problem)
      return nil
    }
  }

  /// Whether there is no room for more, so that looking for them is in vain.
  var isFull: Bool { all.count >= Self.mostShown }

  /// One problem that has them all: code and field of the first, everybody's sentences, and a list for
  /// programs; nil without any.
  var summary: ProblemDetails? {
    guard var summary = all.first, all.count > 1 else { return all.first }
    var shown: [ProblemDetails] = []
    var length = 0
    for problem in all.prefix(Self.mostShown) {
      length += problem.detail?.utf8.count ?? 0
      guard shown.isEmpty || length <= Self.longestDetail else { break }
      shown.append(problem)
    }
    var sentences = shown.compactMap(\.detail)
    if shown.count < all.count { sentences.append("and \(all.count - shown.count) more") }
    summary.detail = sentences.joined(separator: "; ")
    for problem in shown.dropFirst() {
      summary.extensions.merge(problem.extensions) { first, _ in first }
    }
    summary.extensions["problems"] = .array(shown.map(Self.member))
    return summary
  }

  private static func member(_ problem: ProblemDetails) -> ExtensionMember {
    var members = ["code": ExtensionMember.string(problem.code)]
    if let detail = problem.detail { members["detail"] = .string(detail) }
    if let param = problem.param { members["param"] = .string(param) }
    return .object(members)
  }
}
