import Foundation

/// A safetensors file as its header's text and the bytes after it.
struct HeaderSplit {
  var header: Data
  var body: Data

  init(header: Data, body: Data) {
    self.header = header
    self.body = body
  }

  /// Whatever the bytes are: a length that is too large takes all of them.
  init(_ file: Data) {
    let length = file.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let rest = file.dropFirst(8)
    let count = Int(min(length, UInt64(rest.count)))
    header = Data(rest.prefix(count))
    body = Data(rest.dropFirst(count))
  }

  /// The file, with the right length.
  var joined: Data {
    var file = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
    file.append(header)
    file.append(body)
    return file
  }
}
