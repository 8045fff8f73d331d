/// An IDX array of unsigned bytes, the format of MNIST and its relatives
/// (yann.lecun.com/exdb/mnist, "The IDX file format"): two zero bytes, type 0x08, the number of
/// dimensions, the dimensions as big-endian 32-bit integers, then the values.
struct IDXFile {
  let dimensions: [Int]
  let values: ArraySlice<UInt8>

  /// 2 GiB of pixels: more belongs in an image folder, which is read piece by piece.
  static let sizeLimit = 1 << 31

  /// Reads a file, gzip-compressed or not, and checks that its values fill its dimensions.
  init(path: String) throws(DatasetError) {
    try self.init(bytes: try GzipFile.read(path, limit: IDXFile.sizeLimit), path: path)
  }

  init(bytes: [UInt8], path: String) throws(DatasetError) {
    guard bytes.count >= 4, bytes[0] == 0, bytes[1] == 0, bytes[2] == 0x08 else {
      throw .malformed(file: path, reason: "it does not start like an IDX file of bytes")
    }
    let rank = Int(bytes[3])
    let headerSize = 4 + 4 * rank
    guard (1...4).contains(rank), bytes.count >= headerSize else {
      throw .malformed(file: path, reason: "its header names \(rank) dimensions or is cut off")
    }
    var dimensions: [Int] = []
    var count = 1
    for i in 0..<rank {
      let start = 4 + 4 * i
      let value = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      let (product, overflow) = count.multipliedReportingOverflow(by: value)
      guard !overflow else { throw .malformed(file: path, reason: "its dimensions overflow") }
      count = product
      dimensions.append(value)
    }
    guard bytes.count - headerSize == count else {
      throw .malformed(
        file: path,
        reason: "\(dimensions) needs \(count) bytes of data and \(bytes.count - headerSize) follow")
    }
    self.dimensions = dimensions
    values = bytes[headerSize...]
  }
}
