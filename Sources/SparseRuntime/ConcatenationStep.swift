/// Copies values of one grid behind one another, channel by channel.
struct ConcatenationStep: Step {
  let inputs: [Place]
  let output: Place

  func run(_ pass: Pass, part: Int) {
    // Gaps are copied along: they are zeros in every value.
    let count = pass.bundles * output.grid.imagePitch
    var first = 0
    for input in inputs {
      for channel in pass.share(of: input.channels, part) {
        output.image(0, first + channel, pass.arena)
          .update(from: input.image(0, channel, pass.arena), count: count)
      }
      first += input.channels
    }
  }
}
