import CKernels

/// One thing a session does for a batch. All parts run at the same time, on threads of their own;
/// the next step begins when all are done.
protocol Step {
  func run(_ pass: Pass, part: Int)
}

/// What the steps of one pass through the network have in common.
struct Pass {
  /// Bundles of images in this pass.
  let bundles: Int
  let parts: Int
  let arena: Arena
  let scratch: [Scratch]

  /// The part's equal share of `count` things.
  func share(of count: Int, _ part: Int) -> Range<Int> {
    part * count / parts..<(part + 1) * count / parts
  }
}

/// What one thread needs beside the activations.
struct Scratch {
  let values, panel, row: KernelMemory<Float>
  let offsets: KernelMemory<Int32>

  /// Room for every layer.
  struct Sizes {
    var values = 0
    var panel = 0
    var row = 0
    var offsets = 0

    mutating func include(_ sizes: crisp_scratch_sizes) {
      values = max(values, sizes.values)
      panel = max(panel, sizes.panel)
      offsets = max(offsets, sizes.offsets)
    }
  }

  init(_ sizes: Sizes) throws(RuntimeError) {
    values = try KernelMemory(zeros: sizes.values)
    panel = try KernelMemory(zeros: sizes.panel)
    row = try KernelMemory(zeros: sizes.row)
    offsets = try KernelMemory(zeros: sizes.offsets)
  }

  var memoryBytes: Int { values.bytes + panel.bytes + row.bytes + offsets.bytes }

  /// The same for the kernels.
  var pointers: crisp_scratch {
    crisp_scratch(values: values.start, offsets: offsets.start, panel: panel.start)
  }
}

/// Space to depth: copies the cells that a strided convolution reads into one sub-plane per phase.
struct PhaseStep: Step {
  let input, output: Place
  let geometry: ConvolutionGeometry
  let kernels: UnsafePointer<crisp_kernels>

  func run(_ pass: Pass, part: Int) {
    for channel in pass.share(of: input.channels, part) {
      for bundle in 0..<pass.bundles {
        let from = input.image(bundle, channel, pass.arena)
        func target(_ index: Int?) -> UnsafeMutablePointer<Float>? {
          index.map { output.image(bundle, $0 * input.channels + channel, pass.arena) }
        }
        if splits {
          for row in 0..<2 {
            let (even, odd) = (index(row, 0), index(row, 1))
            guard even != nil || odd != nil else { continue }
            crisp_split(
              kernels, from, input.grid.plane, row, target(even), target(odd), output.grid.plane)
          }
          continue
        }
        let window = geometry.window
        for (index, phase) in geometry.phases.enumerated() {
          crisp_pick_cells(
            kernels, from, input.grid.plane, phase.row, phase.column, window.strideHeight,
            window.strideWidth, target(index), output.grid.plane)
        }
      }
    }
  }

  /// Whether rows can be taken apart into even and odd columns, by vectors.
  private var splits: Bool {
    geometry.window.strideHeight == 2 && geometry.window.strideWidth == 2 && input.grid.cell == 1
  }

  private func index(_ row: Int, _ column: Int) -> Int? {
    geometry.phases.firstIndex(of: ConvolutionGeometry.Phase(row: row, column: column))
  }
}

/// Copies the valid corner of a grid to a value's own grid.
struct CropStep: Step {
  let input, output: Place
  let kernels: UnsafePointer<crisp_kernels>

  func run(_ pass: Pass, part: Int) {
    for channel in pass.share(of: output.channels, part) {
      for bundle in 0..<pass.bundles {
        crisp_pick_cells(
          kernels, input.image(bundle, channel, pass.arena), input.grid.plane, 0, 0, 1, 1,
          output.image(bundle, channel, pass.arena), output.grid.plane)
      }
    }
  }
}

/// Turns channels x rows x columns into as many channels of one cell, for linear layers.
struct FlattenStep: Step {
  let input, output: Place

  func run(_ pass: Pass, part: Int) {
    let grid = input.grid
    for bundle in 0..<pass.bundles {
      for channel in pass.share(of: input.channels, part) {
        var feature = channel * grid.height * grid.width
        let image = input.image(bundle, channel, pass.arena)
        for row in 0..<grid.height {
          for column in 0..<grid.width {
            output.image(bundle, feature, pass.arena)
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
  let pooling: crisp_pooling
  let window: crisp_window
  let input, output: Place
  let kernels: UnsafePointer<crisp_kernels>

  func run(_ pass: Pass, part: Int) {
    let row = pass.scratch[part].row.start
    for channel in pass.share(of: input.channels, part) {
      for bundle in 0..<pass.bundles {
        crisp_pool(
          kernels, pooling, input.image(bundle, channel, pass.arena), input.grid.plane,
          output.image(bundle, channel, pass.arena), output.grid.plane, window, row)
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
