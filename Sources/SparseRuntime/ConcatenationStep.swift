/// Copies values of one grid behind one another, channel by channel.
struct ConcatenationStep: Step {
  let inputs: [Place]
  let output: Place

  func run(bundles: Int, in arena: Arena) {
    // Gaps are copied along: they are zeros in every value.
    let count = bundles * output.grid.imagePitch
    var next = 0
    for input in inputs {
      for channel in 0..<input.channels {
        output.image(0, next, arena).update(from: input.image(0, channel, arena), count: count)
        next += 1
      }
    }
  }
}
