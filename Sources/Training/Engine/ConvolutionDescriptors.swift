import COneDNN
import NeuralGraph

/// One convolution's sizes in oneDNN's terms, every layout left to the implementation.
struct ConvolutionDescriptors {
  let weightDims: [Int]
  private let source: MemoryDescriptor
  private let weight: MemoryDescriptor
  /// Always 32-bit floats: they are summed up over steps.
  private let weightGradient: MemoryDescriptor
  private let bias: MemoryDescriptor?
  private let output: MemoryDescriptor
  private let strides: [Int64]
  private let paddingBefore: [Int64]
  private let paddingAfter: [Int64]

  private let prefersWinograd: Bool

  init(_ c: Convolution, source: [Int], output: [Int], type: dnnl_data_type_t, allowsWinograd: Bool)
    throws(TrainingError)
  {
    let shape = c.weightShape
    prefersWinograd =
      allowsWinograd && type == dnnl_f32
      && WinogradChoice.isFaster(c, images: output[0], height: output[2], width: output[3])
    weightDims =
      c.groups == 1 ? shape : [c.groups, c.outChannels / c.groups, shape[1], shape[2], shape[3]]
    self.source = try MemoryDescriptor(source, dnnl_format_tag_any, type)
    weight = try MemoryDescriptor(weightDims, dnnl_format_tag_any, type)
    weightGradient = try MemoryDescriptor(weightDims, dnnl_format_tag_any)
    bias = c.bias ? try .plain([c.outChannels]) : nil
    self.output = try MemoryDescriptor(output, dnnl_format_tag_any, type)
    let window = c.window
    strides = [window.strideHeight, window.strideWidth].map(Int64.init)
    paddingBefore = [window.padding.top, window.padding.left].map(Int64.init)
    paddingAfter = [window.padding.bottom, window.padding.right].map(Int64.init)
  }

  /// What `make` finds for the better algorithm, or for the direct one where oneDNN has no other.
  func description(
    _ make: (dnnl_alg_kind_t) throws(TrainingError) -> PrimitiveDescription
  ) throws(TrainingError) -> PrimitiveDescription {
    if prefersWinograd {
      do { return try make(dnnl_convolution_winograd) } catch {}
    }
    return try make(dnnl_convolution_direct)
  }

  /// The form for training, in all modes: for inference alone, Winograd would want weights that are
  /// transformed already, four times as large and another copy for every batch size.
  func forward(_ algorithm: dnnl_alg_kind_t) throws(TrainingError)
    -> dnnl_convolution_desc_t
  {
    var operation = dnnl_convolution_desc_t()
    var (source, weight, output) = (source, weight, output)
    let status = withOptionalPointer(to: bias) {
      dnnl_convolution_forward_desc_init(
        &operation, dnnl_forward_training, algorithm, &source, &weight, $0, &output, strides,
        paddingBefore, paddingAfter)
    }
    try check(status, "describe a convolution")
    return operation
  }

  func backwardData(_ algorithm: dnnl_alg_kind_t) throws(TrainingError) -> dnnl_convolution_desc_t {
    var operation = dnnl_convolution_desc_t()
    var (source, weight, output) = (source, weight, output)
    let status = dnnl_convolution_backward_data_desc_init(
      &operation, algorithm, &source, &weight, &output, strides, paddingBefore,
      paddingAfter)
    try check(status, "describe a convolution's backward pass")
    return operation
  }

  func backwardWeights(_ algorithm: dnnl_alg_kind_t) throws(TrainingError)
    -> dnnl_convolution_desc_t
  {
    var operation = dnnl_convolution_desc_t()
    var (source, weight, output) = (source, weightGradient, output)
    let status = withOptionalPointer(to: bias) {
      dnnl_convolution_backward_weights_desc_init(
        &operation, algorithm, &source, &weight, $0, &output, strides,
        paddingBefore, paddingAfter)
    }
    try check(status, "describe a convolution's backward pass")
    return operation
  }
}

/// Passes a pointer, or nil for an absent value, to a C function.
func withOptionalPointer<Value, Result>(
  to value: Value?, _ body: (UnsafePointer<Value>?) -> Result
) -> Result {
  guard let value else { return body(nil) }
  return withUnsafePointer(to: value) { body($0) }
}
