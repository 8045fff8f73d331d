import CKernels
import ModelFormats
import Randomness
import SparseRuntime
import Testing

/// `crisp_multiply` as a whole: every plan and every division into parts against plain sums over the
/// weights written out.
@Suite struct LayerProductTests {
  /// What a layer reads and writes.
  private struct Task {
    let input, residual: Exactly<Float>
    let mask: Exactly<Int32>
    let span, stride, outputCount: Int
    var operands = crisp_operands()

    init(
      _ table: KernelTable, _ layer: KernelLayer, single: Bool,
      _ generator: inout SeededGenerator
    ) {
      var runs = crisp_runs(outer: 1, outer_stride: 0, inner: 1, inner_stride: 0, length: 1)
      if !single {
        runs.length = generator.index(1...(table.lanes * 13))
        runs.inner = generator.index(1...3)
        runs.inner_stride = table.rounded(runs.length) + generator.nextIndex(below: 5)
        runs.outer = generator.index(1...3)
        runs.outer_stride = runs.inner * runs.inner_stride + generator.nextIndex(below: 5)
      }
      span =
        (runs.outer - 1) * runs.outer_stride + (runs.inner - 1) * runs.inner_stride
        + (single ? 1 : table.rounded(runs.length))
      stride = span + generator.nextIndex(below: 4)
      let wholeGroups = (layer.outputs + layer.rows - 1) / layer.rows * layer.rows
      outputCount = (wholeGroups - 1) * stride + span
      input = Exactly(generator.floats(layer.before + layer.beyond + span))
      residual = Exactly(generator.floats(outputCount))
      mask = Exactly(generator.mask(span))
      operands.input = UnsafePointer(input.start + layer.before)
      operands.output_stride = stride
      if generator.coin() { operands.residual = UnsafePointer(residual.start) }
      operands.residual_stride = stride
      // A plan that dots has no mask.
      if !single && generator.coin() { operands.mask = UnsafePointer(mask.start) }
      operands.lower = generator.coin() ? -0.75 : -.infinity
      operands.upper = generator.coin() ? 1.5 : .infinity
      operands.runs = runs
    }

    /// The first position of every run.
    var starts: [Int] {
      let runs = operands.runs
      return (0..<runs.outer * runs.inner).map {
        $0 / runs.inner * runs.outer_stride + $0 % runs.inner * runs.inner_stride
      }
    }
  }

  /// All parts one after the other, each with scratch of its own that holds no numbers yet.
  private func product(
    _ table: KernelTable, _ layer: KernelLayer, _ plan: crisp_plan, _ task: Task, parts: Int
  ) -> [Float] {
    let output = Exactly(untouched, count: task.outputCount)
    var (matrix, plan, operands) = (layer.description, plan, task.operands)
    operands.output = output.start
    let sizes = crisp_scratch_needed(table.pointer, &matrix, &plan)
    for part in 0..<parts {
      let values = Exactly(Float.nan, count: sizes.values)
      let offsets = Exactly(Int32(0), count: sizes.offsets)
      let panel = Exactly(Float.nan, count: sizes.panel)
      var scratch = crisp_scratch(
        values: values.start, offsets: offsets.start, panel: panel.start)
      withExtendedLifetime((values, offsets, panel)) {
        crisp_multiply(table.pointer, &matrix, &plan, &operands, part, parts, &scratch)
      }
    }
    return output.elements
  }

  private func compare(
    _ found: [Float], _ table: KernelTable, _ layer: KernelLayer, _ task: Task,
    _ comparison: inout Comparison
  ) {
    let operands = task.operands
    let perDivision = layer.outputs / layer.description.divisions
    var isTouched = [Bool](repeating: false, count: task.span)
    for start in task.starts {
      // A run's last vector may reach beyond it.
      let end = start + table.rounded(operands.runs.length)
      for position in start..<min(end, task.span) { isTouched[position] = true }
    }
    for output in 0..<layer.outputs {
      let columns = (0..<layer.columns).filter {
        layer.weights[output * layer.columns + $0] != 0
      }
      let weights = columns.map { Double(layer.weights[output * layer.columns + $0]) }
      let division = output / perDivision * layer.description.division_stride
      let places = columns.map { layer.before + Int(layer.offsets.start[$0]) + division }
      for start in task.starts {
        for position in start..<start + operands.runs.length {
          var sum = Double(layer.description.bias[output])
          for (weight, place) in zip(weights, places) {
            sum += weight * Double(task.input.start[place + position])
          }
          let at = output * task.stride + position
          if operands.residual != nil { sum += Double(task.residual.start[at]) }
          sum = clamped(sum, operands.lower, operands.upper)
          if operands.mask != nil, task.mask.start[position] == 0 { sum = 0 }
          comparison.expect(
            found[at], sum, scale: Double(4 + layer.columns / 4),
            "\(layer.description.block) output \(output), position \(position)")
        }
      }
      for position in 0..<task.span where !isTouched[position] {
        comparison.expect(
          found[output * task.stride + position] == untouched, "wrote between runs")
      }
    }
  }

  /// One plan against plain sums, then others and divisions into parts against the first, bit by bit.
  private func check(
    _ table: KernelTable, _ layer: KernelLayer, dots: Bool = false, trials: Int,
    _ generator: inout SeededGenerator, _ comparison: inout Comparison
  ) {
    let task = Task(table, layer, single: dots, &generator)
    let isDense = layer.description.dense != nil
    var first: [UInt32] = []
    for trial in 0..<trials {
      // Every width comes up; the first is the widest.
      let widest = table.widest(rows: layer.rows)
      let plan = crisp_plan(
        vectors: widest - trial % widest,
        depth: generator.index(1...(isDense ? layer.columns : layer.description.kept_tiles)),
        packs: !isDense && generator.coin() ? 1 : 0, strip: generator.index(1...40),
        dots: dots ? 1 : 0)
      let found = product(table, layer, plan, task, parts: 1 + trial % 5)
      let bits = found.map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
      if trial == 0 {
        compare(found, table, layer, task, &comparison)
        first = bits
      } else {
        comparison.expect(bits == first, "\(plan) in \(1 + trial % 5) parts differs")
      }
    }
  }

  @Test(arguments: InstructionSet.available, [1, 2, 4])
  func packedLayersMatchPlainSums(_ instructionSet: InstructionSet, rows: Int) throws {
    let table = try KernelTable(instructionSet)
    var generator = SeededGenerator(seed: UInt64(rows))
    var comparison = Comparison()
    for block in [8, 16, 32, 64] {
      for keep in [1, 2, 3] {
        for precision in Precision.allCases {
          for order in KernelLayer.Order.allCases {
            let columns = generator.index(1...150)
            let blocks = (columns + block - 1) / block
            let layer = try KernelLayer(
              packed: HybridPattern(keep: keep, block: block, rows: rows),
              outputs: generator.index(1...70), columns: columns,
              keptTiles: generator.index(1...blocks), order: order, precision: precision, &generator
            )
            check(table, layer, trials: 13, &generator, &comparison)
            // Columns in lanes, for a single position.
            check(table, layer, dots: true, trials: 5, &generator, &comparison)
          }
        }
      }
    }
    comparison.report()
  }

  @Test(arguments: InstructionSet.available, [1, 2, 4])
  func denseLayersMatchPlainSums(_ instructionSet: InstructionSet, rows: Int) throws {
    let table = try KernelTable(instructionSet)
    var generator = SeededGenerator(seed: UInt64(rows))
    var comparison = Comparison()
    for divisions in 1...4 {
      for order in KernelLayer.Order.allCases {
        for _ in 0..<3 {
          // Only one division may end in a ragged row group.
          let outputs =
            divisions == 1
            ? generator.index(1...40) : divisions * rows * generator.index(1...4)
          let layer = KernelLayer(
            dense: rows, outputs: outputs, columns: generator.index(1...70),
            divisions: divisions, order: order, &generator)
          check(table, layer, trials: 13, &generator, &comparison)
        }
      }
    }
    comparison.report()
  }
}
