import CKernels

/// Product of two values, or of a value and one factor per channel and image.
struct ProductStep: Step {
  let input, factor, output: Place
  /// Keeps the gaps zero where vectors run over them: an infinite gate times zero is no number.
  let mask: Mask?
  let kernels: UnsafePointer<crisp_kernels>

  func run(_ pass: Pass, part: Int) {
    let grid = output.grid
    let image = (grid.height - 1) * grid.pitch + grid.width * grid.cell
    let isGate = factor.grid != grid
    for channel in pass.share(of: output.channels, part) {
      // In this order: an image's last vector may reach into the next image.
      for bundle in 0..<pass.bundles {
        let from = input.image(bundle, channel, pass.arena)
        let other = factor.image(bundle, channel, pass.arena)
        let to = output.image(bundle, channel, pass.arena)
        if let mask = mask?.start {
          crisp_multiply_by(
            kernels, from, other, isGate ? 1 : 0, mask + bundle * grid.imagePitch, to, image)
          continue
        }
        for row in 0..<grid.height {
          let start = row * grid.pitch
          crisp_multiply_by(
            kernels, from + start, isGate ? other : other + start, isGate ? grid.cell : 0, nil,
            to + start, grid.width * grid.cell)
        }
      }
    }
  }
}
