import CKernels

/// A layer's weights times its input: the step that does the work.
final class MultiplyStep: Step {
  let matrix: LayerMatrix
  let plan: crisp_plan
  private let kernels: UnsafePointer<crisp_kernels>
  private let input, output: Place
  private let residual: Place?
  private let lower, upper: Float
  private let resultHeight, resultWidth: Int
  private let offsets, strides: KernelMemory<Int32>
  private let mask: Mask?
  private let description: crisp_matrix

  /// `offsets` are in floats, relative to the first float of the input's buffer plus margin, one for
  /// each column of the matrix. `mask` may be omitted when the gaps need not stay zero.
  init(
    _ matrix: LayerMatrix, columns: ColumnOffsets, divisionStride: Int, plan: crisp_plan,
    node: FusedNode, input: Place, output: Place, residual: Place?, resultHeight: Int,
    resultWidth: Int, mask: Mask?, kernels: UnsafePointer<crisp_kernels>
  ) throws(RuntimeError) {
    self.matrix = matrix
    self.plan = plan
    self.kernels = kernels
    self.input = input
    self.output = output
    self.residual = residual
    (lower, upper) = (node.lower, node.upper)
    (self.resultHeight, self.resultWidth) = (resultHeight, resultWidth)
    self.mask = mask
    offsets = try KernelMemory(columns.offsets)
    strides = try KernelMemory(columns.strides)
    var description = matrix.description
    description.column_offsets = UnsafePointer(offsets.start)
    description.column_strides = UnsafePointer(strides.start)
    description.division_stride = divisionStride
    self.description = description
  }

  /// Instruction set and rows x vectors of the widest kernel, or what takes its place.
  var kernelName: String {
    let name = String(cString: kernels.pointee.name)
    if plan.dots != 0 { return "\(name) dots" }
    let layout = matrix.layer == nil ? " dense" : plan.packs != 0 ? " panel" : ""
    return "\(name) \(matrix.rows)x\(plan.vectors)\(layout)"
  }

  /// Bytes that the step takes beside activations and the file.
  var memoryBytes: Int { matrix.memoryBytes + offsets.bytes + strides.bytes }

  /// What the step needs of a thread's scratch.
  var scratchSizes: crisp_scratch_sizes {
    var (description, plan) = (description, plan)
    return crisp_scratch_needed(kernels, &description, &plan)
  }

  func run(_ pass: Pass, part: Int) {
    let arena = pass.arena
    var operands = crisp_operands()
    operands.input = UnsafePointer(arena[input.slot] + input.grid.margin)
    operands.output = arena[output.slot] + output.grid.margin
    operands.output_stride = output.stride
    operands.residual = residual.map { UnsafePointer(arena[$0.slot] + $0.grid.margin) }
    operands.residual_stride = residual?.stride ?? 0
    operands.mask = mask?.start
    operands.lower = lower
    operands.upper = upper
    operands.runs = output.grid.runs(
      bundles: pass.bundles, rows: resultHeight, columns: resultWidth,
      lanes: kernels.pointee.lanes)
    var (description, plan, scratch) = (description, plan, pass.scratch[part].pointers)
    crisp_multiply(kernels, &description, &plan, &operands, part, pass.parts, &scratch)
  }
}

/// Where the input of each column of a layer's matrix begins.
struct ColumnOffsets {
  /// In floats, one for each column, rounded up to whole blocks.
  let offsets: [Int32]
  /// For each block column the distance from one column to the next; 0 where there is none.
  let strides: [Int32]

  /// `offset` answers for columns of the matrix; every offset lies inside a buffer of at most
  /// Int32.max floats.
  init(_ matrix: LayerMatrix, _ offset: (Int) -> Int) {
    let columns = matrix.columns
    var offsets = [Int32](repeating: 0, count: matrix.paddedColumns)
    for column in 0..<columns {
      offsets[column] = Int32(truncatingIfNeeded: offset(column))
    }
    self.offsets = offsets
    guard let block = matrix.layer?.pattern.block else {
      strides = []
      return
    }
    strides = Swift.stride(from: 0, to: columns, by: block).map { first in
      // Slots beyond the matrix read the first input, times zero.
      guard first + block <= columns else { return 0 }
      let stride = offsets[first + 1] - offsets[first]
      for column in first + 1..<first + block
      where offsets[column] - offsets[column - 1] != stride { return 0 }
      return stride
    }
  }
}
