/// What is wrong with a file of settings or with a variable that holds one.
enum SettingsError: Error, Equatable, CustomStringConvertible {
  /// A place in a file, or a variable.
  enum Place: Equatable, CustomStringConvertible {
    case line(Int, of: String)
    case variable(String)

    var description: String {
      switch self {
      case .line(let line, let file): "\(file), line \(line)"
      case .variable(let name): name
      }
    }
  }

  case unreadable(file: String, reason: String)
  case tooLarge(file: String, limit: Int)
  case notText(file: String)
  case malformed(Place, text: String)
  case unknown(Place, name: String, suggestions: [String])
  case repeated(Place, name: String, first: Int)
  case empty(Place, name: String)
  case notBoolean(Place, name: String, value: String)

  var description: String {
    switch self {
    case .unreadable(let file, let reason): "cannot read the settings of \(file): \(reason)."
    case .tooLarge(let file, let limit):
      "\(file) has more than \(limit) bytes; it holds no settings."
    case .notText(let file): "\(file) is not text in UTF-8."
    case .malformed(let place, let text):
      "\(place): '\(text)' is no setting; write NAME = VALUE, or # before a comment."
    case .unknown(let place, let name, let suggestions):
      "\(place): there is no setting '\(name)'"
        + (suggestions.isEmpty
          ? "; crisp-server serve --help lists them."
          : "; did you mean \(suggestions.map { "'\($0)'" }.joined(separator: " or "))?")
    case .repeated(let place, let name, let first):
      "\(place): '\(name)' is set in line \(first) already; only what may be repeated as a flag may be here."
    case .empty(let place, let name):
      "\(place): '\(name)' has no value; leave the line out for the default."
    case .notBoolean(let place, let name, let value):
      "\(place): '\(name)' must be true or false, not '\(value)'."
    }
  }
}
