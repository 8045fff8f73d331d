import ModelFormats
import NeuralGraph

extension Preprocessing {
  /// 8-bit pixels (image, row, column, channel; channel fastest) as a network's input: scaled to
  /// 0…1, normalised per channel, in NCHW order. Throws unless `pixels` holds whole images.
  public func normalized(pixels: [UInt8]) throws(RuntimeError) -> [Float] {
    let size = shape.count
    guard size > 0, !pixels.isEmpty, pixels.count % size == 0 else {
      throw .valueCount(expected: size, found: pixels.count)
    }
    let tables = zip(mean, standardDeviation).map {
      PixelTable.values(mean: $0, standardDeviation: $1)
    }
    let area = height * width
    return [Float](unsafeUninitializedCapacity: pixels.count) { buffer, initialized in
      for image in 0..<pixels.count / size {
        for (channel, table) in tables.enumerated() {
          let target = image * size + channel * area
          for position in 0..<area {
            let pixel = pixels[image * size + position * channels + channel]
            buffer[target + position] = table[Int(pixel)]
          }
        }
      }
      initialized = pixels.count
    }
  }
}
