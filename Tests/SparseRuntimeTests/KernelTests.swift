import CKernels
import SparseRuntime
import Testing

/// Every kernel of every instruction set on its own, without the planner.
@Suite struct KernelTests {
  @Test(arguments: InstructionSet.available, [1, 2, 4])
  func matchesPlainSums(_ instructionSet: InstructionSet, rows: Int) throws {
    let table = try #require(crisp_kernels_named(instructionSet.rawValue))
    #expect(String(cString: table.pointee.name) == instructionSet.rawValue)
    let lanes = table.pointee.lanes
    let (groups, taps, channels) = (3, 7, 5)
    for length in 1...(lanes * 14) {
      let stride = length + 2 * lanes
      let input = TestNetworks.normal(channels * stride, seed: UInt64(length))
      let values = TestNetworks.normal(groups * taps * rows, seed: 2)
      let bias = TestNetworks.normal(groups * rows, seed: 3)
      let residual = TestNetworks.normal(groups * rows * stride, seed: 4)
      let offsets = (0..<groups * taps).map { Int32($0 * 3 % channels * stride + $0 % 2) }
      // Every third position is a gap.
      let mask = (0..<stride).map { $0 % 3 == 2 ? 0 : Int32(-1) }
      var output = [Float](repeating: 7, count: groups * rows * stride)
      input.withUnsafeBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
          var layer = crisp_layer()
          layer.input = input.baseAddress
          layer.offset_stride = taps
          layer.taps = taps
          layer.output = output.baseAddress
          layer.output_stride = stride
          layer.residual_stride = stride
          layer.lower = -0.5
          layer.upper = 2
          run(&layer, table, (offsets, values, bias, residual, mask), rows, groups, length)
        }
      }
      for row in 0..<groups * rows {
        for position in 0..<length {
          let group = row / rows
          var sum = Double(bias[row])
          for k in 0..<taps {
            let x = input[Int(offsets[group * taps + k]) + position]
            sum += Double(values[(group * taps + k) * rows + row % rows]) * Double(x)
          }
          sum = min(max(sum + Double(residual[row * stride + position]), -0.5), 2)
          let expected = mask[position] == 0 ? 0 : Float(sum)
          let found = output[row * stride + position]
          guard abs(found - expected) < 1e-4 else {
            Issue.record("row \(row), position \(position) of \(length): \(found) \(expected)")
            return
          }
        }
        // Nothing beyond the last vector is written.
        let end = (length + lanes - 1) / lanes * lanes
        #expect(output[row * stride + end] == 7)
      }
    }
  }

  private func run(
    _ layer: inout crisp_layer, _ table: UnsafePointer<crisp_kernels>,
    _ arrays: ([Int32], [Float], [Float], [Float], [Int32]), _ rows: Int, _ groups: Int,
    _ length: Int
  ) {
    arrays.0.withUnsafeBufferPointer { offsets in
      arrays.1.withUnsafeBufferPointer { values in
        arrays.2.withUnsafeBufferPointer { bias in
          arrays.3.withUnsafeBufferPointer { residual in
            arrays.4.withUnsafeBufferPointer { mask in
              layer.offsets = offsets.baseAddress
              layer.values = values.baseAddress
              layer.bias = bias.baseAddress
              layer.residual = residual.baseAddress
              layer.mask = mask.baseAddress
              var runs = crisp_runs(
                outer: 1, outer_stride: 0, inner: 1, inner_stride: 0, length: length)
              let items = crisp_items(table, &runs, rows)
              crisp_multiply(table, &layer, &runs, rows, 0, items, 0, groups)
            }
          }
        }
      }
    }
  }

  @Test func knowsNoOtherInstructionSet() {
    #expect(crisp_kernels_named("mmx") == nil)
    #expect(crisp_kernels_named("scalar") != nil)
    #expect(InstructionSet.available.contains(.best))
  }
}
