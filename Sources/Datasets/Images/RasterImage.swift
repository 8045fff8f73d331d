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

  /// The picture as a network reads it: `channels` x `height` x `width` bytes. Colour becomes grey
  /// by Rec. 601 luma; size changes bilinearly with pixel centres aligned (as PyTorch's
  /// `align_corners=False`), averaging over the source area when shrinking.
  public func planes(channels target: Int, height newHeight: Int, width newWidth: Int) -> [UInt8] {
    let rows = ResamplingAxis(from: height, to: newHeight)
    let columns = ResamplingAxis(from: width, to: newWidth)
    var result: [UInt8] = []
    result.reserveCapacity(target * newHeight * newWidth)
    for channel in 0..<target {
      let plane = plane(channel, of: target)
      let wide = columns.resample(plane, count: height, stride: width)
      // `wide` is height x newWidth; the second pass walks down its columns.
      for y in 0..<newHeight {
        for x in 0..<newWidth {
          var sum: Float = 0
          for (source, weight) in rows.taps[y] { sum += wide[source * newWidth + x] * weight }
          result.append(UInt8(max(0, min(255, sum.rounded()))))
        }
      }
    }
    return result
  }

  /// The same with channels interleaved: row, column, channel.
  public func interleaved(channels target: Int, height newHeight: Int, width newWidth: Int)
    -> [UInt8]
  {
    let planes = planes(channels: target, height: newHeight, width: newWidth)
    let area = newHeight * newWidth
    return (0..<planes.count).map { planes[$0 % target * area + $0 / target] }
  }

  private func plane(_ channel: Int, of target: Int) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(width * height)
    for pixel in 0..<width * height {
      let base = pixel * channels
      if channels == 3 && target == 1 {
        values.append(
          0.299 * Float(pixels[base]) + 0.587 * Float(pixels[base + 1])
            + 0.114 * Float(pixels[base + 2]))
      } else {
        values.append(Float(pixels[base + min(channel, channels - 1)]))
      }
    }
    return values
  }
}

/// The triangle filter along one axis: which source positions make each new one.
private struct ResamplingAxis {
  let taps: [[(source: Int, weight: Float)]]

  init(from old: Int, to new: Int) {
    let scale = Double(old) / Double(new)
    let support = max(1, scale)
    taps = (0..<new).map { position in
      let centre = (Double(position) + 0.5) * scale - 0.5
      let first = max(0, Int((centre - support).rounded(.up)))
      let last = min(old - 1, Int((centre + support).rounded(.down)))
      var weights: [(Int, Double)] = []
      for source in stride(from: first, through: last, by: 1) {
        let weight = 1 - abs(Double(source) - centre) / support
        if weight > 0 { weights.append((source, weight)) }
      }
      let total = weights.reduce(0) { $0 + $1.1 }
      return weights.map { ($0.0, Float($0.1 / total)) }
    }
  }

  /// Resamples `count` lines that start `stride` apart.
  func resample(_ values: [Float], count: Int, stride: Int) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(count * taps.count)
    for line in 0..<count {
      for tap in taps {
        var sum: Float = 0
        for (source, weight) in tap { sum += values[line * stride + source] * weight }
        result.append(sum)
      }
    }
    return result
  }
}
