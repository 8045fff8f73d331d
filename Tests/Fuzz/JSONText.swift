import Inputs
import ServiceAPI

/// Runs the reader of JSON bodies, and the writer over what it read.
enum JSONText {
  /// What is wrong with how a body was taken; nil if the reader kept its promises.
  static func fault(of bytes: [UInt8]) -> String? {
    guard let value = try? JSONValue(json: bytes) else {
      return nil
    }
    do {
      try JSONReader.check(bytes, limits: .request)
      let written = JSONWriting.bytes(value)
      guard try JSONValue(json: written) == value else { return "another value after a round trip" }
      guard JSONWriting.bytes(try JSONValue(json: written)) == written else {
        return "equal values are not equal bytes"
      }
      return nil
    } catch {
      return "what was read once is not read again: \(error)"
    }
  }
}
