import CKernels
import Randomness
import SparseRuntime
import Testing

/// The filters of single channels.
@Suite struct DepthwiseKernelTests {
  @Test(arguments: InstructionSet.available, [3, 5])
  func matchPlainSums(_ instructionSet: InstructionSet, side: Int) throws {
    let table = try KernelTable(instructionSet)
    var generator = SeededGenerator(seed: UInt64(side))
    var comparison = Comparison()
    for rows in 1...7 {
      for length in 1...(3 * table.lanes + 1) {
        try check(
          table, side: side, rows: rows, length: length, &generator, &comparison)
      }
    }
    comparison.report()
  }

  private func check(
    _ table: KernelTable, side: Int, rows: Int, length: Int,
    _ generator: inout SeededGenerator, _ comparison: inout Comparison
  ) throws {
    let whole = table.rounded(length)
    let rowStride = whole + generator.nextIndex(below: 9)
    let span = (rows - 1) * rowStride + whole
    // As scattered as the phases of a strided convolution.
    var firstRow = (0..<side).map { _ in generator.index(-50...50) }
    firstRow[generator.nextIndex(below: side)] = 50
    let offsets = Exactly(
      (0..<side * side).map { Int32(firstRow[$0 % side] + $0 / side * rowStride) })
    let input = Exactly(generator.floats(100 + (side + rows - 2) * rowStride + whole))
    let values = Exactly(generator.floats(side * side))
    let residual = Exactly(generator.floats(span))
    let mask = Exactly(generator.mask(span))
    let output = Exactly(untouched, count: span)
    var task = crisp_depthwise()
    task.input = UnsafePointer(input.start + 50)
    task.offsets = UnsafePointer(offsets.start)
    task.values = UnsafePointer(values.start)
    (task.height, task.width) = (side, side)
    task.bias = Float(generator.nextUniform())
    task.output = output.start
    if generator.coin() { task.residual = UnsafePointer(residual.start) }
    if generator.coin() { task.mask = UnsafePointer(mask.start) }
    task.lower = generator.coin() ? -1 : -.infinity
    task.upper = generator.coin() ? 1 : .infinity
    (task.rows, task.row_stride, task.length) = (rows, rowStride, length)
    let filter = try #require(table.pointer.pointee.depthwise)
    filter(&task)
    for at in 0..<span {
      let (row, position) = (at / rowStride, at % rowStride)
      guard position < whole else {
        comparison.expect(output.start[at] == untouched, "wrote beyond row \(row)")
        continue
      }
      var sum = Double(task.bias)
      for tap in 0..<side * side {
        let x = input.start[50 + Int(offsets.start[tap]) + row * rowStride + position]
        sum += Double(values.start[tap]) * Double(x)
      }
      if task.residual != nil { sum += Double(residual.start[at]) }
      sum = clamped(sum, task.lower, task.upper)
      if task.mask != nil, mask.start[at] == 0 { sum = 0 }
      comparison.expect(
        output.start[at], sum, scale: 10, "\(side)x\(side), row \(row), position \(position)")
    }
  }

  @Test(arguments: InstructionSet.available, [3, 5])
  func matchPlainSumsAtStrideTwo(_ instructionSet: InstructionSet, side: Int) throws {
    let table = try KernelTable(instructionSet)
    let filter = try #require(table.pointer.pointee.depthwise_strided)
    var generator = SeededGenerator(seed: UInt64(side))
    var comparison = Comparison()
    for rows in 1...5 {
      for length in 1...(2 * table.lanes + 1) {
        let whole = table.rounded(length)
        let rowStride = length + generator.nextIndex(below: 9)
        let inputStride = 2 * length + side + generator.nextIndex(below: 9)
        let span = (rows - 1) * rowStride + whole
        // Vectors are read in pairs.
        let input = Exactly(
          generator.floats((2 * rows + side - 3) * inputStride + 2 * whole + side - 1))
        let values = Exactly(generator.floats(side * side))
        let mask = Exactly(generator.mask(span))
        let output = Exactly(untouched, count: span)
        var task = crisp_depthwise()
        task.input = UnsafePointer(input.start)
        task.values = UnsafePointer(values.start)
        (task.height, task.width) = (side, side)
        task.bias = 0.25
        task.output = output.start
        if generator.coin() { task.mask = UnsafePointer(mask.start) }
        (task.lower, task.upper) = (-1, 1)
        (task.rows, task.row_stride, task.length) = (rows, rowStride, length)
        task.input_stride = inputStride
        filter(&task)
        for row in 0..<rows {
          for position in 0..<length {
            var sum = 0.25
            for tap in 0..<side * side {
              let place = (2 * row + tap / side) * inputStride + 2 * position + tap % side
              sum += Double(values.start[tap]) * Double(input.start[place])
            }
            let at = row * rowStride + position
            let isGap = task.mask != nil && mask.start[at] == 0
            comparison.expect(
              output.start[at], isGap ? 0 : clamped(sum, -1, 1), scale: 10,
              "\(side)x\(side), row \(row), position \(position)")
          }
        }
      }
    }
    comparison.report()
  }
}
