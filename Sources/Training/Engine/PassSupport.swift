import COneDNN
import CTraining

extension dnnl_memory_desc_t {
  /// The storage of the values in the terms of our own passes.
  var passType: Int32 { Int32(data_type == dnnl_bf16 ? crisp_bf16 : crisp_f32) }
}

extension ProgramCompiler {
  /// Threads for our own passes.
  var passThreads: Int32 { Int32(clamping: resources.threads) }
}
