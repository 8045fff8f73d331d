import COneDNN

/// oneDNN's CPU engine and an in-order stream.
final class OneDNNContext {
  let engine: dnnl_engine_t
  let stream: dnnl_stream_t

  init() throws(TrainingError) {
    try InstructionLimit.apply()
    var engine: dnnl_engine_t?
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "create an engine")
    guard let engine else { throw .engine(operation: "create an engine", status: 1) }
    var stream: dnnl_stream_t?
    let status = dnnl_stream_create(&stream, engine, dnnl_stream_in_order.rawValue)
    guard status == dnnl_success, let stream else {
      dnnl_engine_destroy(engine)
      throw .engine(operation: "create a stream", status: status.rawValue)
    }
    self.engine = engine
    self.stream = stream
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(engine)
  }
}

/// Turns a status into a typed error that says what was tried.
func check(_ status: dnnl_status_t, _ operation: @autoclosure () -> String) throws(TrainingError) {
  guard status == dnnl_success else {
    throw .engine(operation: operation(), status: status.rawValue)
  }
}
