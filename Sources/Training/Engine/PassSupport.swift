import COneDNN
import CTraining

extension dnnl_memory_desc_t {
  /// The storage of the values in the terms of our own passes.
  var passType: Int32 { Int32(data_type == dnnl_bf16 ? crisp_bf16 : crisp_f32) }
}

extension ProgramCompiler {
  /// Threads for our own passes.
  var passThreads: Int32 { Int32(clamping: resources.threads) }

  /// The value in a layout that our own passes read.
  func blocked(_ source: OneDNNMemory) throws(TrainingError) -> OneDNNMemory {
    if try source.descriptor.channelBlock() != nil { return source }
    return try reordered(source, to: source.descriptor.blocked(16))
  }

  /// A blocked layout in the terms of our own passes.
  func batchShape(_ layout: MemoryDescriptor) throws(TrainingError) -> crisp_batch_shape {
    let dims = layout.dimensions
    guard let block = try layout.channelBlock() else {
      throw .invalidInput("a pass was given a layout without channel blocks")
    }
    return crisp_batch_shape(
      images: dims[0], channels: dims[1], positions: dims[2...].reduce(1, *), block: block,
      type: layout.passType, threads: passThreads)
  }
}

/// A normalisation that lacks its scratch memory, which each pass reserves for itself.
struct NormalizationTemplate {
  var normalization: crisp_normalization
  /// What the pointers point to: not free for other tensors while a pass may still be built.
  private let owners: [AlignedBuffer]

  /// Without a clamp, and with constant statistics.
  init(
    shape: crisp_batch_shape, gamma: AlignedBuffer, beta: AlignedBuffer, mean: AlignedBuffer,
    variance: AlignedBuffer, epsilon: Float
  ) {
    normalization = crisp_normalization(
      shape: shape, gamma: UnsafePointer(gamma.floats.baseAddress),
      beta: UnsafePointer(beta.floats.baseAddress), epsilon: epsilon, batch_statistics: 0,
      mean: mean.floats.baseAddress, variance: variance.floats.baseAddress, lower: -.infinity,
      upper: .infinity, scratch: nil)
    owners = [gamma, beta, mean, variance]
  }

  var scratchCount: Int {
    withUnsafePointer(to: normalization.shape) { crisp_normalization_scratch($0) }
  }

  func callAsFunction(_ scratch: AlignedBuffer) -> crisp_normalization {
    withExtendedLifetime(owners) {
      var complete = normalization
      complete.scratch = scratch.floats.baseAddress
      return complete
    }
  }
}
