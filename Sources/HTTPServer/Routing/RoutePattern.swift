/// A path pattern such as "/users/{user}/classes".
struct RoutePattern: Sendable {
  enum Part: Sendable {
    case literal(String)
    case parameter(String)
  }

  let text: String
  let parts: [Part]

  init(_ text: String) {
    self.text = text
    let path = text.hasPrefix("/") ? text.dropFirst() : text[...]
    parts =
      path.isEmpty
      ? []
      : path.split(separator: "/", omittingEmptySubsequences: false).map { part in
        part.hasPrefix("{") && part.hasSuffix("}")
          ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
      }
  }

  /// The parameters if the path fits. A parameter matches any segment but the empty one.
  func match(_ path: [String]) -> PathParameters? {
    guard path.count == parts.count else { return nil }
    var values: [(name: String, value: String)] = []
    for (part, segment) in zip(parts, path) {
      switch part {
      case .literal(let literal):
        guard literal == segment else { return nil }
      case .parameter(let name):
        guard !segment.isEmpty else { return nil }
        values.append((name, segment))
      }
    }
    return PathParameters(values)
  }

  /// Whether both fit the same paths; the names of parameters do not matter.
  func isEquivalent(to other: RoutePattern) -> Bool {
    parts.count == other.parts.count
      && zip(parts, other.parts).allSatisfy { mine, theirs in
        switch (mine, theirs) {
        case (.literal(let mine), .literal(let theirs)): mine == theirs
        case (.parameter, .parameter): true
        default: false
        }
      }
  }

  /// Whether this pattern is tried before another of its length: at the first difference, a
  /// literal wins. Patterns of different lengths never fit the same path.
  func precedes(_ other: RoutePattern) -> Bool {
    guard parts.count == other.parts.count else { return false }
    for (mine, theirs) in zip(parts, other.parts) {
      switch (mine, theirs) {
      case (.literal, .parameter): return true
      case (.parameter, .literal): return false
      default: continue
      }
    }
    return false
  }
}
