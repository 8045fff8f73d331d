import CSystem

/// Writes NumPy's files, honest ones and others.
package enum NPZ {
  /// An array file of format version 1 (numpy.lib.format).
  package static func array(
    _ type: String, _ shape: [Int], _ values: [UInt8], fortranOrder: Bool = false
  ) -> [UInt8] {
    let sides = shape.map { "\($0)," }.joined(separator: " ")
    return array(
      header: "{'descr': '\(type)', 'fortran_order': \(fortranOrder ? "True" : "False"), "
        + "'shape': (\(sides)), }\n", values)
  }

  /// An array file with any text for its header.
  package static func array(header: String, _ values: [UInt8]) -> [UInt8] {
    let text = Array(header.utf8)
    return [0x93] + Array("NUMPY".utf8) + [1, 0] + bytes(text.count, 2) + text + values
  }

  /// A zip archive of stored members, in this order.
  package static func archive(_ arrays: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in arrays {
      let path = Array("\(name).npy".utf8)
      let sizes =
        bytes(Int(crc32_z(0, content, content.count)), 4) + bytes(content.count, 4)
        + bytes(content.count, 4) + bytes(path.count, 2)
      let common = [20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + sizes
      directory += bytes(0x0201_4b50, 4) + [20, 0] + common
      directory += [UInt8](repeating: 0, count: 12) + bytes(file.count, 4) + path
      file += bytes(0x0403_4b50, 4) + common + [0, 0] + path + content
    }
    let end =
      bytes(0x0605_4b50, 4) + [0, 0, 0, 0] + bytes(arrays.count, 2) + bytes(arrays.count, 2)
      + bytes(directory.count, 4) + bytes(file.count, 4) + [0, 0]
    return file + directory + end
  }

  private static func bytes(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
