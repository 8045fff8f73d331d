import CLibCrisp
import ModelFormats
import NeuralGraph
import SparseRuntime

/// What a `crisp_model` points to: a session, and the texts and numbers that C reads in place.
final class Handle {
  private let session: Session
  private let preprocessing: Preprocessing
  private let labels: UnsafeMutableBufferPointer<UnsafePointer<CChar>?>
  private let statistics: UnsafeMutableBufferPointer<Float>
  private(set) var lastError: LibraryError?

  init(_ model: PackedModel, _ settings: Settings) throws(LibraryError) {
    do throws(RuntimeError) {
      session = try Session(
        model: model, batchCapacity: settings.batchCapacity, threads: settings.threads)
    } catch {
      throw .runtime(error)
    }
    preprocessing = model.description.preprocessing
    let texts = model.description.labels
    labels = .allocate(capacity: texts.count)
    for (index, text) in texts.enumerated() {
      labels.initializeElement(at: index, to: Handle.cString(text))
    }
    statistics = .allocate(capacity: 2 * preprocessing.channels)
    _ = statistics.initialize(from: preprocessing.mean + preprocessing.standardDeviation)
  }

  deinit {
    for label in labels { label?.deallocate() }
    labels.deallocate()
    statistics.deallocate()
  }

  /// A copy that lives until it is deallocated. A zero inside ends the text, as C has it.
  private static func cString(_ text: String) -> UnsafePointer<CChar> {
    let bytes = text.utf8CString
    let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
    _ = copy.initialize(from: bytes)
    return UnsafePointer(copy.baseAddress ?? UnsafeMutablePointer.allocate(capacity: 1))
  }

  /// The object behind the caller's pointer.
  static func of(_ model: OpaquePointer?) -> Handle? {
    model.map { Unmanaged<Handle>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  /// Runs a call's body and keeps its failure.
  static func call(
    _ model: OpaquePointer?, _ body: (Handle) throws(LibraryError) -> Void
  ) -> crisp_status {
    guard let handle = Handle.of(model) else { return CRISP_INVALID_ARGUMENT }
    do throws(LibraryError) {
      try body(handle)
      return CRISP_OK
    } catch {
      handle.lastError = error
      return error.status
    }
  }

  /// What `crisp_describe` answers.
  var description: crisp_description {
    crisp_description(
      channels: session.inputShape.channels, height: session.inputShape.height,
      width: session.inputShape.width, class_count: session.classCount,
      batch_capacity: session.batchCapacity, labels: UnsafePointer(labels.baseAddress),
      mean: UnsafePointer(statistics.baseAddress),
      deviation: statistics.baseAddress.map { UnsafePointer($0 + preprocessing.channels) },
      resize: preprocessing.resize ?? 0)
  }

  /// How many images that many values are; throws unless they are whole and not too many.
  func imageCount(values: Int) throws(LibraryError) -> Int {
    let size = session.inputShape.count
    guard values > 0, values % size == 0 else {
      throw .argument(
        code: "value_count",
        "\(UInt(bitPattern: values)) values are not a whole number of images of \(session.inputShape), "
          + "\(size) values each")
    }
    let count = values / size
    guard count <= session.batchCapacity else {
      throw .runtime(.imageCount(found: count, capacity: session.batchCapacity))
    }
    return count
  }

  /// The caller's buffer for the scores of that many images.
  func scores(
    _ start: UnsafeMutablePointer<Float>?, _ values: Int, images: Int
  ) throws(LibraryError) -> UnsafeMutableBufferPointer<Float> {
    guard let start else { throw .argument(code: "null_argument", "scores is NULL") }
    guard values == images * session.classCount else {
      throw .argument(
        code: "value_count",
        "scores holds \(UInt(bitPattern: values)) values; \(images) images have "
          + "\(images * session.classCount)")
    }
    return UnsafeMutableBufferPointer(start: start, count: values)
  }

  /// Pixels as input.
  func normalized(_ pixels: UnsafeBufferPointer<UInt8>) throws(LibraryError) -> [Float] {
    do throws(RuntimeError) {
      return try preprocessing.normalized(pixels: Array(pixels))
    } catch {
      throw .runtime(error)
    }
  }

  /// Runs images that are normalised.
  func run(
    _ images: UnsafeBufferPointer<Float>, _ count: Int,
    _ scores: UnsafeMutableBufferPointer<Float>
  ) throws(LibraryError) {
    do throws(RuntimeError) {
      try session.run(images: images, count: count, scores: scores)
    } catch {
      throw .runtime(error)
    }
  }
}
