/// A decoded picture, 8 bits a channel.
public struct RasterImage: Sendable, Hashable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 (grey) or 3 (red, green, blue).
  public let channels: Int
  /// Row by row, channels interleaved.
  public let pixels: [UInt8]

  /// No side of a picture may be longer: a decoder must not allocate what a hostile header asks for.
  public static let largestSide = 8192

  init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// A picture from channel planes of one size.
  init(planes: ArraySlice<UInt8>, shape: ImageShape) {
    let area = shape.height * shape.width
    let start = planes.startIndex
    self.init(
      width: shape.width, height: shape.height, channels: shape.channels,
      pixels: (0..<shape.count).map {
        planes[start + $0 % shape.channels * area + $0 / shape.channels]
      })
  }

  /// The picture as a network reads it: `channels` x `height` x `width` bytes. Colour becomes grey
  /// by Rec. 601 luma; size changes bilinearly with pixel centres aligned (as PyTorch's
  /// `align_corners=False`), averaging over the source area when shrinking.
  public func planes(channels target: Int, height newHeight: Int, width newWidth: Int) -> [UInt8] {
    planes(
      channels: target, rows: ResamplingAxis(from: height, to: newHeight),
      columns: ResamplingAxis(from: width, to: newWidth))
  }

  /// `channels` x `rows.count` x `columns.count` bytes. Rows come first: that pass runs along
  /// memory, and only over the columns that the second needs.
  func planes(channels target: Int, rows: ResamplingAxis, columns: ResamplingAxis) -> [UInt8] {
    let isFolded = channels == 3 && target == 1
    let stored = isFolded ? 1 : channels
    let area = rows.count * columns.count
    let span = columns.sources
    var line = [Float](repeating: 0, count: width * channels)
    return [UInt8](unsafeUninitializedCapacity: target * area) { out, initialized in
      for y in 0..<rows.count {
        line.withUnsafeMutableBufferPointer { line in
          mixRow(rows, y, span: span.lowerBound * channels..<span.upperBound * channels, into: line)
          if isFolded { fold(line, span: span) }
          for channel in 0..<min(target, stored) {
            let row = UnsafeMutableBufferPointer(
              rebasing: out[
                channel * area + y * columns.count..<channel * area + (y + 1)
                  * columns.count])
            shrink(line, columns, channel: channel, stride: stored, into: row)
          }
        }
      }
      // Grey fills every plane.
      for channel in stride(from: min(target, stored), to: target, by: 1) {
        for i in 0..<area { out[channel * area + i] = out[(channel - 1) * area + i] }
      }
      initialized = target * area
    }
  }

  /// One row of the new height, still as wide as the source.
  private func mixRow(
    _ rows: ResamplingAxis, _ y: Int, span: Range<Int>, into line: UnsafeMutableBufferPointer<Float>
  ) {
    pixels.withUnsafeBufferPointer { pixels in
      for tap in rows.offsets[y]..<rows.offsets[y + 1] {
        let weight = rows.weights[tap]
        let row = (rows.starts[y] + tap - rows.offsets[y]) * width * channels
        if tap == rows.offsets[y] {
          for i in span { line[i] = weight * Float(pixels[row + i]) }
        } else {
          for i in span { line[i] += weight * Float(pixels[row + i]) }
        }
      }
    }
  }

  private func fold(_ line: UnsafeMutableBufferPointer<Float>, span: Range<Int>) {
    for x in span {
      line[x] = 0.299 * line[3 * x] + 0.587 * line[3 * x + 1] + 0.114 * line[3 * x + 2]
    }
  }

  private func shrink(
    _ line: UnsafeMutableBufferPointer<Float>, _ columns: ResamplingAxis, channel: Int, stride: Int,
    into row: UnsafeMutableBufferPointer<UInt8>
  ) {
    columns.weights.withUnsafeBufferPointer { weights in
      for x in 0..<columns.count {
        var position = columns.starts[x] * stride + channel
        var sum: Float = 0.5
        for tap in columns.offsets[x]..<columns.offsets[x + 1] {
          sum += line[position] * weights[tap]
          position += stride
        }
        row[x] = UInt8(max(0, min(255, sum)))
      }
    }
  }
}
