import CLibCrisp
import ModelFormats
import SparseRuntime

/// What a call of the library can fail with.
enum LibraryError: Error {
  /// The caller's mistake.
  case argument(code: String, _ message: String)
  /// The file's mistake.
  case format(FormatError)
  /// The model cannot be prepared or run.
  case runtime(RuntimeError)

  /// What the function answers.
  var status: crisp_status {
    switch self {
    case .argument: CRISP_INVALID_ARGUMENT
    case .format(let error), .runtime(.format(let error)): LibraryError.status(error)
    case .runtime(let error):
      switch error {
      case .graph: CRISP_INVALID_MODEL
      case .invalidSetting, .imageCount, .valueCount: CRISP_INVALID_ARGUMENT
      case .tooLarge: CRISP_TOO_LARGE
      case .outOfMemory: CRISP_OUT_OF_MEMORY
      default: CRISP_FAILED
      }
    }
  }

  private static func status(_ error: FormatError) -> crisp_status {
    switch error {
    case .inFile(_, let inner): status(inner)
    case .unreadable: CRISP_UNREADABLE
    case .unknownVersion: CRISP_UNKNOWN_VERSION
    default: CRISP_INVALID_MODEL
    }
  }

  /// The stable identifier.
  var code: String {
    switch self {
    case .argument(let code, _): code
    case .format(let error): error.code
    case .runtime(let error): error.code
    }
  }

  /// One sentence.
  var message: String {
    switch self {
    case .argument(_, let message): message
    case .format(let error): error.description
    case .runtime(let error): error.description
    }
  }
}

/// Fills the caller's structure; nil empties it.
func write(_ error: LibraryError?, to target: UnsafeMutablePointer<crisp_error>) {
  var value = crisp_error()
  withUnsafeMutableBytes(of: &value.code) { copy(error?.code ?? "", to: $0) }
  withUnsafeMutableBytes(of: &value.message) { copy(error?.message ?? "", to: $0) }
  target.initialize(to: value)
}

/// As much of the text as fits before the final zero, in whole characters. `buffer` holds zeros.
private func copy(_ text: String, to buffer: UnsafeMutableRawBufferPointer) {
  var used = 0
  // A zero inside (it can stand in a name that a file gives) would end the text for C.
  for scalar in text.unicodeScalars where scalar != "\0" {
    let bytes = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
    guard used + bytes.count < buffer.count else { return }
    for byte in bytes {
      buffer[used] = byte
      used += 1
    }
  }
}
