import CKernels
import Randomness
import SparseRuntime
import Testing

/// The kernels that multiply row groups with stretches of positions, and those that pack panels.
@Suite struct StretchKernelTests {
  private struct Shape {
    let rows, vectors, groups, taps: Int
  }

  @Test(arguments: InstructionSet.available, [1, 2, 4])
  func matchPlainSums(_ instructionSet: InstructionSet, rows: Int) throws {
    let table = try KernelTable(instructionSet)
    var generator = SeededGenerator(seed: UInt64(rows))
    var comparison = Comparison()
    for vectors in 1...table.widest(rows: rows) {
      for groups in 1...9 {
        // Every number of taps for every width, with some of the groups.
        for taps in 1...40 where (taps + vectors + groups) % 4 == 0 {
          let shape = Shape(rows: rows, vectors: vectors, groups: groups, taps: taps)
          try check(table, shape, &generator, &comparison)
        }
      }
    }
    comparison.report()
  }

  private func check(
    _ table: KernelTable, _ shape: Shape, _ generator: inout SeededGenerator,
    _ comparison: inout Comparison
  ) throws {
    let span = shape.vectors * table.lanes
    let outputs = shape.rows * shape.groups
    let offsetStride = generator.coin() ? 0 : shape.taps + generator.nextIndex(below: 3)
    let valueStride = shape.taps + generator.nextIndex(below: 3)
    let outputStride = span + generator.nextIndex(below: 5)
    let outputCount = (outputs - 1) * outputStride + span
    var numbers = generator.floats(200 + span)
    if generator.nextIndex(below: 4) == 0 {
      numbers[generator.nextIndex(below: numbers.count)] = .nan
    }
    // The input begins in the middle, and its last float is read.
    let offsetCount = (shape.groups - 1) * offsetStride + shape.taps
    var places = (0..<offsetCount).map { _ in Int32(generator.index(-100...100)) }
    places[generator.nextIndex(below: offsetCount)] = 100

    let input = Exactly(numbers)
    let offsets = Exactly(places)
    let values = Exactly(generator.floats((outputs - 1) * valueStride + shape.taps))
    let bias = Exactly(generator.floats(outputs))
    let residual = Exactly(generator.floats(outputCount))
    let mask = Exactly(generator.mask(span))
    let before = generator.floats(outputCount)
    let output = Exactly(before)
    var stretch = crisp_stretch()
    stretch.input = UnsafePointer(input.start + 100)
    stretch.offsets = UnsafePointer(offsets.start)
    stretch.offset_stride = offsetStride
    stretch.values = UnsafePointer(values.start)
    stretch.value_stride = valueStride
    stretch.taps = shape.taps
    stretch.ahead = generator.coin() ? span : 0
    if generator.coin() { stretch.bias = UnsafePointer(bias.start) }
    stretch.output = output.start
    stretch.output_stride = outputStride
    stretch.finishes = generator.coin() ? 1 : 0
    if generator.coin() { stretch.residual = UnsafePointer(residual.start) }
    stretch.residual_stride = outputStride
    if generator.coin() { stretch.mask = UnsafePointer(mask.start) }
    stretch.lower = generator.coin() ? -0.5 : -.infinity
    stretch.upper = generator.coin() ? 1 : .infinity
    try table.stretch(rows: shape.rows, vectors: shape.vectors)(&stretch, shape.groups)

    for row in 0..<outputs {
      let tapOffsets = offsets.start + row / shape.rows * offsetStride
      let factors = values.start + row * valueStride
      for position in 0..<span {
        let at = row * outputStride + position
        var sum = Double(stretch.bias == nil ? before[at] : bias.start[row])
        for tap in 0..<shape.taps {
          let x = input.start[100 + Int(tapOffsets[tap]) + position]
          sum += Double(factors[tap]) * Double(x)
        }
        if stretch.finishes != 0 {
          if stretch.residual != nil { sum += Double(residual.start[at]) }
          sum = clamped(sum, stretch.lower, stretch.upper)
          if stretch.mask != nil, mask.start[position] == 0 { sum = 0 }
        }
        comparison.expect(
          output.start[at], sum, scale: Double(4 + shape.taps),
          "\(shape), row \(row), position \(position)")
      }
      guard row + 1 < outputs else { continue }
      for at in row * outputStride + span..<(row + 1) * outputStride {
        comparison.expect(output.start[at] == before[at], "\(shape) wrote beyond row \(row)")
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func copyColumnsToPanels(_ instructionSet: InstructionSet) throws {
    let table = try KernelTable(instructionSet)
    let pack = try #require(table.pointer.pointee.pack)
    var generator = SeededGenerator(seed: 1)
    for vectors in 1...12 {
      for count in [1, 2, 7, 64] {
        let span = vectors * table.lanes
        let stride = span + generator.nextIndex(below: 2) * table.lanes
        let input = Exactly(generator.floats(100 + span))
        let offsets = Exactly((0..<count).map { _ in Int32(generator.index(-50...50)) })
        let panel = Exactly(untouched, count: (count - 1) * stride + span)
        pack(input.start + 50, offsets.start, count, vectors, panel.start, stride)
        let expected = (0..<panel.count).map { at in
          let position = at % stride
          guard position < span else { return untouched }
          return input.start[50 + Int(offsets.start[at / stride]) + position]
        }
        #expect(panel.elements == expected)
      }
    }
  }

  @Test func knowNoOtherInstructionSet() {
    #expect(crisp_kernels_named("mmx") == nil)
    #expect(crisp_kernels_named("scalar") != nil)
    #expect(InstructionSet.available.contains(.best))
    for instructionSet in InstructionSet.available {
      let table = crisp_kernels_named(instructionSet.rawValue)
      #expect(table.map { String(cString: $0.pointee.name) } == instructionSet.rawValue)
    }
  }
}
