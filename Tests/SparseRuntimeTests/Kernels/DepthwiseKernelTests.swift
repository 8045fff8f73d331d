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
    for rows in 1...4 {
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
}
