import CKernels

extension Place {
  /// Copies some channels of a batch in NCHW order into this place's grid.
  func load(
    _ images: UnsafePointer<Float>, count: Int, channels selected: Range<Int>, in arena: Arena
  ) {
    let cell = grid.cell
    let channelSize = grid.height * grid.width
    let imageSize = channels * channelSize
    for bundle in 0..<(count + cell - 1) / cell {
      for channel in selected {
        crisp_interleave(
          images + bundle * cell * imageSize + channel * channelSize, imageSize,
          min(cell, count - bundle * cell), image(bundle, channel, arena), grid.plane)
      }
    }
  }

  /// Copies this place's first `count` images out in NCHW order.
  func store(_ target: UnsafeMutablePointer<Float>, count: Int, in arena: Arena) {
    var next = target
    for index in 0..<count {
      for channel in 0..<channels {
        let source = image(index / grid.cell, channel, arena) + index % grid.cell
        for row in 0..<grid.height {
          for column in 0..<grid.width {
            next.pointee = source[row * grid.pitch + column * grid.cell]
            next += 1
          }
        }
      }
    }
  }
}
