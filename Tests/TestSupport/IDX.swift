/// Writes IDX files.
package enum IDX {
  /// yann.lecun.com/exdb/mnist, "The IDX file format": unsigned bytes, big-endian dimensions.
  package static func bytes(_ dimensions: [UInt32], _ values: [UInt8]) -> [UInt8] {
    let sides = dimensions.flatMap { side in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: side >> $0) }
    }
    return [0, 0, 8, UInt8(dimensions.count)] + sides + values
  }
}
