import Foundation
import ModelFormats
import ONNXModels
import Randomness

/// What is fuzzed; the environment variable CRISP_FUZZ says which.
private enum Target: String {
  /// A whole packed file: read, written, planned, run.
  case packed
  /// The header of a safetensors file alone: the input is its text.
  case header
  /// The bytes of an HTTP connection.
  case requests
  /// The body of a request.
  case json
  /// A whole ONNX file.
  case onnx

  static let current =
    ProcessInfo.processInfo.environment["CRISP_FUZZ"].flatMap(Target.init) ?? .packed
}

/// libFuzzer calls this once. With CRISP_FUZZ_SEEDS it writes the files to start from and ends; the
/// connections to start from are the vectors of the parser's tests, which run.sh writes, as it copies
/// bodies and ONNX files.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<CInt>?,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
  guard let folder = ProcessInfo.processInfo.environment["CRISP_FUZZ_SEEDS"] else { return 0 }
  do {
    for (name, model) in try FixtureNetworks.all() {
      for precision in Precision.allCases {
        let file = try model.serialized(precision: precision)
        let bytes = Target.current == .packed ? file : HeaderSplit(file).header
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(name)-\(precision)"))
      }
    }
    exit(0)
  } catch {
    print("cannot write seeds: \(error)")
    exit(1)
  }
}

/// libFuzzer calls this with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let bytes = Data(UnsafeRawBufferPointer(start: start, count: size))
  switch Target.current {
  case .packed:
    if HostileFile.exercise(bytes) == .unstable { fatalError("another file after a round trip") }
  case .header:
    if let file = try? SafetensorsFile(data: HeaderSplit(header: bytes, body: Data()).joined) {
      for name in file.entries.keys { _ = try? file.tensor(name) }
    }
  case .requests:
    if let fault = RequestStream.fault(of: bytes) { fatalError(fault) }
  case .json:
    if let fault = JSONText.fault(of: [UInt8](bytes)) { fatalError(fault) }
  case .onnx:
    _ = try? ONNXImport.model(data: bytes)
  }
  return 0
}

/// libFuzzer calls this to make a new input from an old one.
@_cdecl("LLVMFuzzerCustomMutator")
public func customMutator(
  _ start: UnsafeMutablePointer<UInt8>, _ size: Int, _ capacity: Int, _ seed: CUnsignedInt
) -> Int {
  guard Target.current == .packed else { return defaultMutator(start, size, capacity) }
  var mutator = FileMutator(seed: UInt64(seed))
  let old = Data(UnsafeRawBufferPointer(start: start, count: size))
  guard let new = mutator.mutated(old), new.count <= capacity else {
    return defaultMutator(start, size, capacity)
  }
  new.copyBytes(to: start, count: new.count)
  return new.count
}

/// libFuzzer's own mutations of bytes.
@_silgen_name("LLVMFuzzerMutate")
func defaultMutator(_ start: UnsafeMutablePointer<UInt8>, _ size: Int, _ capacity: Int) -> Int
