import ArgumentParser
import Datasets
import Flags
import Foundation
import Inputs
import ModelFormats
import ModelInputs
import NeuralGraph
import ONNXModels
import Pruning

/// `crisp convert`: one kind of model file into another.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert model files: PyTorch's and ONNX in, PyTorch's and ONNX out.",
    discussion: """
      Example: crisp convert resnet50.safetensors universal.safetensors --labels imagenet.txt

      Reads a dense or packed model, or a torchvision state dict saved with \
      safetensors.torch.save_file(model.state_dict(), path), whose architecture is told from its \
      tensors, or the index of one in several files, or an ONNX file. Writes a dense model, an ONNX file when the \
      target is called so, or with --format state-dict what load_state_dict accepts: dense, with \
      zeros where a packed model keeps nothing.
      """)

  /// What can be written.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    /// A dense model of this project.
    case dense
    /// Tensors under PyTorch's names.
    case stateDict = "state-dict"
    /// An ONNX file.
    case onnx
  }

  @Argument(help: "The file to read: a dense or packed model, a state dict, or NAME.onnx.")
  var source: String

  @Argument(help: "The file to write.")
  var target: String

  @Option(help: "What to write: dense (the default), state-dict, or onnx (default for NAME.onnx).")
  var format: Format?

  @Option(
    help: """
      A state dict's architecture, when its tensors fit several: \
      \(Architecture.allCases.map(\.rawValue).joined(separator: ", ")).
      """)
  var arch: String?

  @Option(help: "The image, channels x height x width: 3x224x224.")
  var input: ImageSize?

  @Option(help: "A state dict's or ONNX file's classes: a file with one a line, or a,b,c.")
  var labels: String?

  @Option(help: "Mean of each channel on the 0…1 scale (default: ImageNet's or the data set's).")
  var mean: NumberList<Float>?

  @Option(help: "Standard deviation of each channel (default: as for --mean).")
  var std: NumberList<Float>?

  @Option(help: "The data set that the weights were trained on: a known name or a path.")
  var dataset: String?

  @OptionGroup var dataFormat: DataFormatOption

  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    let file: String
    let format: String
    let architecture: String?
    let input: String
    let classes: Int
    let bytes: Int
  }

  func validate() throws {
    for value in mean?.values ?? [] { try Preprocessing.means.check(value, "--mean") }
    for value in std?.values ?? [] { try Preprocessing.deviations.check(value, "--std") }
    guard !["pt", "pth", "ckpt"].contains(URL(fileURLWithPath: target).pathExtension.lowercased())
    else {
      throw ValidationError(
        "'\(target)' is called as pickles are, which torch.load reads and this does not write: call it "
          + "NAME.safetensors, for safetensors.torch.load_file.")
    }
    guard dataset != nil || dataFormat.dataFormat == nil else {
      throw ValidationError("--data-format says how --dataset is read, which is missing.")
    }
  }

  func run() throws {
    try checkOutput(target)
    guard !isSameFile(source, target) else {
      throw ValidationError(
        "'\(source)' and '\(target)' are one file; a conversion never writes over its source.")
    }
    let model = try read()
    let (bytes, kind) = try serialized(model)
    try bytes.write(to: URL(fileURLWithPath: target), options: .atomic)
    let description = model.description
    let report = Report(
      file: target, format: kind, architecture: description.architecture,
      input: description.graph.input.description, classes: description.labels.count,
      bytes: bytes.count)
    try output.print(report) {
      """
      wrote \(report.file): \(report.format), \(report.architecture ?? "custom"), \
      input \(report.input), \(report.classes) classes, \(report.bytes) bytes
      """
    }
  }

  /// Every kind of input becomes a model file of this project; the content tells the kind.
  private func read() throws -> ModelFile {
    let url = URL(fileURLWithPath: source)
    if ONNXImport.isONNX(contentsOf: url) {
      return .dense(try ONNXImport.model(contentsOf: url, facts: stateDictImport()))
    }
    // Or an index of files beside it.
    guard let dict = try StateDict(ifAt: url) else {
      try refuseImportOptions()
      return try ModelFile(contentsOf: url)
    }
    if !dict.prefixesLeftOut.isEmpty {
      let prefixes = dict.prefixesLeftOut.map { "'\($0)'" }.joined(separator: ", ")
      FileHandle.standardError.write(
        Data("note: the tensors' names are read without \(prefixes)\n".utf8))
    }
    let facts = try stateDictImport()
    do throws(FormatError) {
      return .dense(try facts.model(dict))
    } catch {
      throw FormatError.inFile(path: source, error)
    }
  }

  /// Every kind of output; the extension tells the kind unless `--format` does.
  private func serialized(_ model: ModelFile) throws -> (bytes: Data, kind: String) {
    let format = format ?? (ONNXImport.isNamedSo(target) ? .onnx : .dense)
    switch (format, model) {
    case (.dense, .dense(let dense)):
      return (try dense.serialized(), DenseModel.format)
    case (.dense, .packed(let packed)):
      let dense = try DenseModel(
        description: packed.description, weights: packed.denseWeights())
      return (try dense.serialized(), DenseModel.format)
    case (.onnx, _):
      return (try ONNXExport.data(model), format.rawValue)
    case (.stateDict, .dense(let dense)):
      return (try StateDict(dense).serialized(), format.rawValue)
    case (.stateDict, .packed(let packed)):
      return (try StateDict(packed).serialized(), format.rawValue)
    }
  }

  /// What the command line and the data set say of a state dict or an ONNX file. Its preprocessing is chosen in
  /// `StateDictImport`.
  private func stateDictImport() throws -> StateDictImport {
    var facts = StateDictImport()
    facts.architecture = try arch.map { try Architecture(named: $0) }
    facts.input = input?.shape
    facts.labels = try labels.map { try LabelList($0).names }
    facts.mean = mean?.values
    facts.standardDeviation = std?.values
    facts.source = try dataset.map { StateDictImport.Source(try dataFormat.load($0)) }
    return facts
  }

  /// A model file says all this itself; an option that has no effect would mislead.
  private func refuseImportOptions() throws {
    let given = [
      ("--arch", arch != nil), ("--input", input != nil), ("--labels", labels != nil),
      ("--mean", mean != nil), ("--std", std != nil), ("--dataset", dataset != nil),
    ].filter(\.1).map(\.0)
    guard given.isEmpty else {
      throw ValidationError(
        "'\(source)' is a model file and says this itself: \(given.joined(separator: ", ")) "
          + "only apply to a state dict or an ONNX file.")
    }
  }
}
