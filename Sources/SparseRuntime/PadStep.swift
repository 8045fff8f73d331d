import CKernels

/// Copies a value to a larger grid, with zeros around it.
struct PadStep: Step {
  let top, left: Int
  let input, output: Place

  func run(_ pass: Pass, part: Int) {
    for channel in pass.share(of: output.channels, part) {
      for bundle in 0..<pass.bundles {
        crisp_pad(
          input.image(bundle, channel, pass.arena), input.grid.plane, top, left,
          output.image(bundle, channel, pass.arena), output.grid.plane)
      }
    }
  }
}
