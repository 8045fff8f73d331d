import CKernels
import Randomness
import SparseRuntime
import Testing

/// Pooling and moving the planes of activations.
@Suite struct PlaneKernelTests {
  private func plane(_ cell: Int, _ generator: inout SeededGenerator) -> crisp_plane {
    let (height, width) = (generator.index(1...9), generator.index(1...45))
    return crisp_plane(
      height: height, width: width, pitch: (width + generator.nextIndex(below: 4)) * cell,
      cell: cell)
  }

  private func floats(_ plane: crisp_plane) -> Int {
    (plane.height - 1) * plane.pitch + plane.width * plane.cell
  }

  /// One lane of the cell at (y, x), or nil beyond the plane.
  private func lane(
    _ input: Exactly<Float>, _ plane: crisp_plane, _ y: Int, _ x: Int, _ lane: Int
  ) -> Float? {
    guard (0..<plane.height).contains(y), (0..<plane.width).contains(x) else { return nil }
    return input.start[y * plane.pitch + x * plane.cell + lane]
  }

  /// What an output should be, from what its cells should be: nothing is written between the rows.
  private func filled(
    _ result: crisp_plane, _ cell: (_ y: Int, _ x: Int, _ lane: Int) -> Float
  ) -> [Float] {
    (0..<floats(result)).map { at in
      let (y, inRow) = (at / result.pitch, at % result.pitch)
      guard inRow < result.width * result.cell else { return untouched }
      return cell(y, inRow / result.cell, inRow % result.cell)
    }
  }

  @Test(arguments: InstructionSet.available, [1, 4, 16])
  func poolWindows(_ instructionSet: InstructionSet, cell: Int) throws {
    let table = try KernelTable(instructionSet)
    var generator = SeededGenerator(seed: UInt64(cell))
    var comparison = Comparison()
    for pooling in [CRISP_MAXIMUM, CRISP_MEAN, CRISP_PADDED_MEAN] {
      for kernel in 1...5 {
        for stride in 1...3 {
          for _ in 0..<4 {
            try checkPool(
              table, pooling, plane(cell, &generator), kernel: kernel, stride: stride, &generator,
              &comparison)
          }
        }
      }
    }
    comparison.report()
  }

  private func checkPool(
    _ table: KernelTable, _ pooling: crisp_pooling, _ plane: crisp_plane, kernel: Int,
    stride: Int, _ generator: inout SeededGenerator, _ comparison: inout Comparison
  ) throws {
    let window = crisp_window(
      kernel_height: generator.index(1...5), kernel_width: kernel,
      stride_height: generator.index(1...3), stride_width: stride, top: 0, left: 0)
    var padded = window
    padded.top = generator.nextIndex(below: min(window.kernel_height, plane.height))
    padded.left = generator.nextIndex(below: min(kernel, plane.width))
    let bottom = generator.nextIndex(below: min(window.kernel_height, plane.height))
    let right = generator.nextIndex(below: min(kernel, plane.width))
    let height = plane.height + padded.top + bottom - window.kernel_height
    let width = plane.width + padded.left + right - kernel
    guard height >= 0, width >= 0 else { return }
    var result = crisp_plane()
    result.height = height / window.stride_height + 1
    result.width = width / stride + 1
    result.cell = plane.cell
    result.pitch = (result.width + generator.nextIndex(below: 3)) * plane.cell

    let input = Exactly(generator.floats(floats(plane)))
    let output = Exactly(untouched, count: floats(result))
    let row = Exactly(Float.nan, count: crisp_pool_scratch(plane, result, padded))
    crisp_pool(
      table.pointer, pooling, input.start, plane, output.start, result, padded, row.start)
    let expected = filled(result) { y, x, lane in
      var inside: [Float] = []
      for ky in 0..<window.kernel_height {
        for kx in 0..<kernel {
          let (iy, ix) = (y * window.stride_height + ky - padded.top, x * stride + kx - padded.left)
          if let value = self.lane(input, plane, iy, ix, lane) { inside.append(value) }
        }
      }
      if pooling == CRISP_MAXIMUM { return inside.max() ?? .nan }
      let sum = inside.reduce(0.0) { $0 + Double($1) }
      return Float(
        sum / Double(pooling == CRISP_MEAN ? inside.count : window.kernel_height * kernel))
    }
    for (at, value) in expected.enumerated() {
      comparison.expect(
        output.start[at], Double(value), scale: 4, "\(pooling) \(padded) of \(plane) at \(at)")
    }
  }

  @Test(arguments: InstructionSet.available, [1, 4, 16])
  func averageWholePlanes(_ instructionSet: InstructionSet, cell: Int) throws {
    let table = try KernelTable(instructionSet)
    var generator = SeededGenerator(seed: UInt64(cell))
    var comparison = Comparison()
    for _ in 0..<50 {
      let plane = plane(cell, &generator)
      // Gaps are zeros.
      let input = Exactly(
        generator.floats(floats(plane)).enumerated().map {
          $0.offset % plane.pitch < plane.width * cell ? $0.element : 0
        })
      let output = Exactly(untouched, count: cell)
      let result = crisp_plane(height: 1, width: 1, pitch: cell, cell: cell)
      crisp_pool(
        table.pointer, CRISP_GLOBAL_MEAN, input.start, plane, output.start, result,
        crisp_window(), nil)
      for lane in 0..<cell {
        let sum = stride(from: lane, to: input.count, by: cell)
          .reduce(0.0) { $0 + Double(input.start[$1]) }
        comparison.expect(
          output.start[lane], sum / Double(plane.height * plane.width), scale: 4, "\(plane)")
      }
    }
    comparison.report()
  }

  @Test(arguments: InstructionSet.available, [1, 4, 16])
  func pickCells(_ instructionSet: InstructionSet, cell: Int) throws {
    let table = try KernelTable(instructionSet)
    var generator = SeededGenerator(seed: UInt64(cell))
    for _ in 0..<100 {
      let (plane, result) = (plane(cell, &generator), plane(cell, &generator))
      let (top, left) = (generator.nextIndex(below: 4), generator.nextIndex(below: 4))
      let (down, across) = (generator.index(1...3), generator.index(1...3))
      let input = Exactly(generator.floats(floats(plane)))
      let output = Exactly(untouched, count: floats(result))
      crisp_pick_cells(
        table.pointer, input.start, plane, top, left, down, across, output.start, result)
      let expected = filled(result) {
        lane(input, plane, top + $0 * down, left + $1 * across, $2) ?? 0
      }
      #expect(output.elements == expected, "\(plane) to \(result), \(down) x \(across)")
    }
  }

  @Test(arguments: InstructionSet.available)
  func splitEvenAndOddColumns(_ instructionSet: InstructionSet) throws {
    let table = try KernelTable(instructionSet)
    var generator = SeededGenerator(seed: 1)
    for trial in 0..<300 {
      let (plane, result) = (plane(1, &generator), plane(1, &generator))
      let top = generator.nextIndex(below: 3)
      // One float beyond the plane may be read.
      let input = Exactly(generator.floats(floats(plane)) + [.nan])
      let even = Exactly(untouched, count: floats(result))
      let odd = Exactly(untouched, count: floats(result))
      crisp_split(
        table.pointer, input.start, plane, top, trial % 3 == 1 ? nil : even.start,
        trial % 3 == 2 ? nil : odd.start, result)
      for (output, left, isSkipped) in [(even, 0, trial % 3 == 1), (odd, 1, trial % 3 == 2)] {
        let expected = filled(result) {
          lane(input, plane, top + $0 * 2, left + $1 * 2, $2) ?? 0
        }
        #expect(
          output.elements == (isSkipped ? expected.map { _ in untouched } : expected),
          "\(plane) to \(result) from row \(top)")
      }
    }
  }

  @Test(arguments: [1, 4, 16]) func padPlanes(cell: Int) {
    var generator = SeededGenerator(seed: UInt64(cell))
    for _ in 0..<100 {
      let plane = plane(cell, &generator)
      let (top, left) = (generator.nextIndex(below: 4), generator.nextIndex(below: 4))
      var result = plane
      result.height += top + generator.nextIndex(below: 3)
      result.width += left + generator.nextIndex(below: 3)
      result.pitch = (result.width + generator.nextIndex(below: 3)) * cell
      let input = Exactly(generator.floats(floats(plane)))
      let output = Exactly(untouched, count: floats(result))
      crisp_pad(input.start, plane, top, left, output.start, result)
      let expected = filled(result) { lane(input, plane, $0 - top, $1 - left, $2) ?? 0 }
      #expect(output.elements == expected, "\(plane) to \(result)")
    }
  }

  @Test(arguments: [1, 4, 16]) func interleaveImages(cell: Int) {
    var generator = SeededGenerator(seed: UInt64(cell))
    for images in 1...cell {
      let result = plane(cell, &generator)
      let stride = result.height * result.width + generator.nextIndex(below: 3)
      let input = Exactly(
        generator.floats((images - 1) * stride + result.height * result.width))
      let output = Exactly(untouched, count: floats(result))
      crisp_interleave(input.start, stride, images, output.start, result)
      let expected = filled(result) { y, x, image in
        image < images ? input.start[image * stride + y * result.width + x] : 0
      }
      #expect(output.elements == expected, "\(images) images in \(result)")
    }
  }
}
