import CKernels
import Dispatch

extension CostModel {
  /// Measures every kernel of an instruction set, which takes some milliseconds.
  static func measured(_ kernels: UnsafePointer<crisp_kernels>) throws(RuntimeError) -> CostModel {
    let bench = try CostBench(kernels)
    let widest = [
      kernels.pointee.widest.0, kernels.pointee.widest.1, kernels.pointee.widest.2,
    ]
    let tables = [1, 2, 4].map { rows in
      (1...widest[CostModel.index(rows)]).map { bench.kernel(rows: rows, vectors: $0) }
    }
    return CostModel(
      kernels: tables,
      decoding: try [1, 2, 4].map { rows throws(RuntimeError) in
        try bench.decoding(rows: rows)
      }, packing: bench.packing())
  }
}

/// Small tasks whose input comes from the second-level cache, as in a network.
private struct CostBench {
  /// Columns of one task, and how many tasks have columns of their own.
  private static let channels = 64
  private static let tasks = 6
  private static let groups = 8
  private static let mostTaps = 64

  private let kernels: UnsafePointer<crisp_kernels>
  private let lanes: Int
  private let input, output, values, bias: KernelMemory<Float>
  private let offsets: KernelMemory<Int32>
  private let stride: Int

  init(_ kernels: UnsafePointer<crisp_kernels>) throws(RuntimeError) {
    self.kernels = kernels
    lanes = kernels.pointee.lanes
    // An odd number of cache lines, see `Grid.channelStride`.
    stride = 13 * Grid.widestVector
    input = try KernelMemory(zeros: (CostBench.channels * CostBench.tasks + 1) * stride)
    output = try KernelMemory(zeros: CostBench.groups * 4 * stride)
    values = try KernelMemory(zeros: CostBench.groups * 4 * CostBench.mostTaps + Grid.widestVector)
    bias = try KernelMemory(zeros: CostBench.groups * 4)
    var offsets: [Int32] = []
    for i in 0..<CostBench.groups * CostBench.mostTaps {
      offsets.append(Int32(i * 29 % CostBench.channels * stride))
    }
    self.offsets = try KernelMemory(offsets + [Int32](repeating: 0, count: Grid.widestVector))
  }

  /// The least of several timings, in nanoseconds: what disturbs only ever adds.
  private func nanoseconds(_ calls: Int, _ body: () -> Void) -> Double {
    var least = Double.infinity
    for _ in 0..<6 {
      let start = DispatchTime.now().uptimeNanoseconds
      for _ in 0..<calls { body() }
      least = min(least, Double(DispatchTime.now().uptimeNanoseconds - start))
    }
    return least / Double(calls)
  }

  func kernel(rows: Int, vectors: Int) -> CostModel.Kernel {
    let tables = kernels.pointee.kernels
    guard
      let kernel = [tables.0, tables.1, tables.2][CostModel.index(rows)]?[vectors - 1]
    else { return CostModel.Kernel(fixed: .infinity, aligned: .infinity, unaligned: .infinity) }
    func time(taps: Int, shift: Int) -> Double {
      var stretch = crisp_stretch()
      stretch.offsets = UnsafePointer(offsets.start)
      stretch.offset_stride = taps
      stretch.values = UnsafePointer(values.start)
      stretch.value_stride = taps
      stretch.taps = taps
      stretch.bias = UnsafePointer(bias.start)
      stretch.output = output.start
      stretch.output_stride = stride
      stretch.finishes = 1
      stretch.upper = .infinity
      var task = 0
      return nanoseconds(2 * CostBench.tasks) {
        stretch.input = UnsafePointer(
          input.start + shift + task % CostBench.tasks * CostBench.channels * stride)
        task += 1
        kernel(&stretch, CostBench.groups)
      } / Double(CostBench.groups)
    }
    let (few, many) = (16, CostBench.mostTaps)
    let short = time(taps: few, shift: 0)
    let aligned = max(0, time(taps: many, shift: 0) - short) / Double(many - few)
    let unaligned =
      max(0, time(taps: many, shift: 1) - time(taps: few, shift: 1)) / Double(many - few)
    return CostModel.Kernel(
      fixed: max(0, short - Double(few) * aligned), aligned: aligned,
      unaligned: max(aligned, unaligned))
  }

  /// 2:4 in blocks of 32, the middle of the patterns, from 32-bit values.
  func decoding(rows: Int) throws(RuntimeError) -> Double {
    let (block, tiles) = (32, 2)
    let slots = block / 2
    let stored = try KernelMemory<Float>(zeros: tiles * block * slots)
    let positions = try KernelMemory<UInt8>(zeros: tiles * block / rows * slots / 4)
    let blockColumns = try KernelMemory<UInt16>(zeros: tiles)
    let columnOffsets = try KernelMemory<Int32>(zeros: block)
    let taps = tiles * slots + Grid.widestVector
    let decoded = try KernelMemory<Float>(zeros: block * taps)
    let listed = try KernelMemory<Int32>(zeros: block * taps)
    let strides = try KernelMemory<Int32>([1])
    var matrix = crisp_matrix()
    matrix.outputs = block
    matrix.columns = block
    matrix.rows = rows
    matrix.block = block
    matrix.keep = 2
    matrix.kept_tiles = tiles
    matrix.value_size = 4
    matrix.value_count = tiles * block * slots
    matrix.position_bytes = positions.bytes
    matrix.column_offsets = UnsafePointer(columnOffsets.start)
    matrix.block_columns = UnsafePointer(blockColumns.start)
    matrix.positions = UnsafePointer(positions.start)
    matrix.column_strides = UnsafePointer(strides.start)
    var selection = crisp_selection()
    selection.tiles = tiles
    selection.groups = block / rows
    selection.values = decoded.start
    selection.offsets = listed.start
    selection.stride = taps
    return stored.start.withMemoryRebound(to: UInt8.self, capacity: stored.bytes) { bytes in
      matrix.values = UnsafePointer(bytes)
      return nanoseconds(8) { kernels.pointee.decode(&matrix, &selection) }
        / Double(tiles * block * slots)
    }
  }

  func packing() -> Double {
    let (columns, vectors) = (16, 4)
    return nanoseconds(16) {
      kernels.pointee.pack(
        input.start + 1, offsets.start, columns, vectors, output.start, vectors * lanes)
    } / Double(columns * vectors)
  }
}
