import CKernels

/// One thing a session does for a batch.
protocol Step {
  /// Runs for the first `bundles` bundles of images.
  func run(bundles: Int, in arena: Arena)
}

/// Space to depth: copies the cells that a strided convolution reads into one sub-plane per phase.
struct PhaseStep: Step {
  let input, output: Place
  let geometry: ConvolutionGeometry

  func run(bundles: Int, in arena: Arena) {
    let window = geometry.window
    for (index, phase) in geometry.phases.enumerated() {
      for channel in 0..<input.channels {
        for bundle in 0..<bundles {
          crisp_pick_cells(
            input.image(bundle, channel, arena), input.grid.plane, phase.row, phase.column,
            window.strideHeight, window.strideWidth,
            output.image(bundle, index * input.channels + channel, arena), output.grid.plane)
        }
      }
    }
  }
}

/// Copies the valid corner of a grid to a value's own grid.
struct CropStep: Step {
  let input, output: Place

  func run(bundles: Int, in arena: Arena) {
    for channel in 0..<output.channels {
      for bundle in 0..<bundles {
        crisp_pick_cells(
          input.image(bundle, channel, arena), input.grid.plane, 0, 0, 1, 1,
          output.image(bundle, channel, arena), output.grid.plane)
      }
    }
  }
}

/// Turns channels x rows x columns into as many channels of one cell, for linear layers.
struct FlattenStep: Step {
  let input, output: Place

  func run(bundles: Int, in arena: Arena) {
    let grid = input.grid
    for bundle in 0..<bundles {
      var feature = 0
      for channel in 0..<input.channels {
        let image = input.image(bundle, channel, arena)
        for row in 0..<grid.height {
          for column in 0..<grid.width {
            output.image(bundle, feature, arena)
              .update(from: image + row * grid.pitch + column * grid.cell, count: grid.cell)
            feature += 1
          }
        }
      }
    }
  }
}

/// Maximum or mean over windows.
struct PoolStep: Step {
  enum Kind { case maximum, mean, paddedMean, globalMean }

  let kind: Kind
  let window: crisp_window
  let input, output: Place
  /// Slot of one row of scratch.
  let scratch: Int

  func run(bundles: Int, in arena: Arena) {
    let (plane, result) = (input.grid.plane, output.grid.plane)
    let row = arena[scratch]
    for channel in 0..<input.channels {
      for bundle in 0..<bundles {
        let from = input.image(bundle, channel, arena)
        let to = output.image(bundle, channel, arena)
        switch kind {
        case .maximum: crisp_max_pool(from, plane, to, result, window, row)
        case .mean: crisp_average_pool(from, plane, to, result, window, row)
        case .paddedMean: crisp_padded_average_pool(from, plane, to, result, window, row)
        case .globalMean: crisp_global_average(from, plane, to)
        }
      }
    }
  }
}

extension Place {
  /// The first cell of one image (or bundle) of one channel.
  func image(_ bundle: Int, _ channel: Int, _ arena: Arena) -> UnsafeMutablePointer<Float> {
    arena[slot] + channel * stride + grid.margin + bundle * grid.imagePitch
  }
}
