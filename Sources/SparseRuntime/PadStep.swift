import CKernels

/// Copies a value to a larger grid, with zeros around it.
struct PadStep: Step {
  let top, left: Int
  let input, output: Place

  func run(bundles: Int, in arena: Arena) {
    for channel in 0..<output.channels {
      for bundle in 0..<bundles {
        crisp_pad(
          input.image(bundle, channel, arena), input.grid.plane, top, left,
          output.image(bundle, channel, arena), output.grid.plane)
      }
    }
  }
}
