import CLibCrisp
import Foundation
import LibCrisp
import ModelFormats
import SparseRuntime
import Testing

/// The library as C sees it, on a model of 5 channels, 4 x 4 pixels and 10 classes.
@Suite struct LibCrispTests {
  static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../ModelFormatsTests/Goldens/packed.safetensors").path

  /// A model that the test closes.
  private func open(batchCapacity: UInt32 = 0, threads: UInt32 = 0) throws -> OpaquePointer {
    var options = crisp_options()
    options.batch_capacity = batchCapacity
    options.threads = threads
    var model: OpaquePointer?
    try #require(crisp_open(Self.path, &options, &model, nil) == CRISP_OK)
    return try #require(model)
  }

  private func lastError(_ model: OpaquePointer) -> crisp_error {
    var error = crisp_error()
    #expect(crisp_last_error(model, &error) == CRISP_OK)
    return error
  }

  @Test func describesTheModel() throws {
    let model = try open(batchCapacity: 3)
    defer { _ = crisp_close(model) }
    var about = crisp_description()
    #expect(crisp_describe(model, &about) == CRISP_OK)
    #expect(about.channels == 5)
    #expect(about.height == 4)
    #expect(about.width == 4)
    #expect(about.class_count == 10)
    #expect(about.batch_capacity == 3)
    #expect(about.resize == 0)
    let labels = (0..<10).map { index in about.labels[index].map { String(cString: $0) } ?? "" }
    #expect(labels == (0..<10).map { "class \($0)" } as [String])
    let mean = Array(UnsafeBufferPointer(start: about.mean, count: 5))
    let deviation = Array(UnsafeBufferPointer(start: about.deviation, count: 5))
    #expect(mean == [Float](repeating: 0.5, count: 5))
    #expect(deviation == [Float](repeating: 0.25, count: 5))
  }

  @Test func answersWhatASessionDoes() throws {
    let packed = try PackedModel(contentsOf: URL(fileURLWithPath: Self.path))
    let session = try Session(model: packed, batchCapacity: 3)
    let pixels = (0..<2 * 80).map { UInt8($0) }
    let images = try packed.description.preprocessing.normalized(pixels: pixels)
    let expected = try session.run(images: images, count: 2)

    let model = try open(batchCapacity: 3, threads: 2)
    defer { _ = crisp_close(model) }
    var scores = [Float](repeating: 0, count: 20)
    #expect(crisp_run(model, images, images.count, &scores, 20) == CRISP_OK)
    #expect(scores == expected)
    scores = [Float](repeating: 0, count: 20)
    #expect(crisp_run_pixels(model, pixels, pixels.count, &scores, 20) == CRISP_OK)
    #expect(scores == expected)
    #expect(text(lastError(model).code).isEmpty)
  }

  @Test func opensFromMemoryAndCopies() throws {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path)))
    var model: OpaquePointer?
    #expect(crisp_open_memory(bytes, bytes.count, nil, &model, nil) == CRISP_OK)
    defer { _ = crisp_close(model) }
    for i in bytes.indices { bytes[i] = 0xFF }
    let other = try open()
    defer { _ = crisp_close(other) }
    let images = [Float](repeating: 0.25, count: 80)
    var scores = [Float](repeating: 0, count: 10)
    var expected = scores
    #expect(crisp_run(model, images, 80, &scores, 10) == CRISP_OK)
    #expect(crisp_run(other, images, 80, &expected, 10) == CRISP_OK)
    #expect(scores == expected)
  }

  @Test func refusesNull() throws {
    var handle: OpaquePointer?
    var error = crisp_error()
    #expect(crisp_open(nil, nil, &handle, &error) == CRISP_INVALID_ARGUMENT)
    #expect(text(error.code) == "null_argument")
    #expect(crisp_open(Self.path, nil, nil, nil) == CRISP_INVALID_ARGUMENT)
    #expect(crisp_open_memory(nil, 8, nil, &handle, nil) == CRISP_INVALID_ARGUMENT)
    var about = crisp_description()
    #expect(crisp_describe(nil, &about) == CRISP_INVALID_ARGUMENT)
    #expect(crisp_last_error(nil, &error) == CRISP_INVALID_ARGUMENT)
    #expect(crisp_run(nil, nil, 0, nil, 0) == CRISP_INVALID_ARGUMENT)
    #expect(crisp_run_pixels(nil, nil, 0, nil, 0) == CRISP_INVALID_ARGUMENT)
    #expect(crisp_close(nil) == CRISP_OK)
    let model = try open()
    defer { _ = crisp_close(model) }
    let images = [Float](repeating: 0, count: 80)
    var scores = [Float](repeating: 0, count: 10)
    #expect(crisp_describe(model, nil) == CRISP_INVALID_ARGUMENT)
    #expect(crisp_last_error(model, nil) == CRISP_INVALID_ARGUMENT)
    #expect(crisp_run(model, nil, 80, &scores, 10) == CRISP_INVALID_ARGUMENT)
    #expect(crisp_run(model, images, 80, nil, 10) == CRISP_INVALID_ARGUMENT)
    #expect(crisp_run_pixels(model, nil, 80, &scores, 10) == CRISP_INVALID_ARGUMENT)
    #expect(text(lastError(model).code) == "null_argument")
  }

  @Test(arguments: [
    (0, 10, "value_count"), (79, 10, "value_count"), (81, 10, "value_count"),
    (-1, 10, "value_count"),
    (80, 9, "value_count"), (80, 20, "value_count"), (80, -1, "value_count"),
    (240, 30, "image_count"), (Int.max / 80 * 80, 10, "image_count"),
  ])
  func refusesWrongCounts(values: Int, scoreValues: Int, code: String) throws {
    let model = try open(batchCapacity: 2)
    defer { _ = crisp_close(model) }
    let images = [Float](repeating: 0, count: 240)
    let pixels = [UInt8](repeating: 0, count: 240)
    var scores = [Float](repeating: 7, count: 30)
    #expect(
      crisp_run(model, images, values, &scores, scoreValues) == CRISP_INVALID_ARGUMENT)
    #expect(text(lastError(model).code) == code)
    #expect(
      crisp_run_pixels(model, pixels, values, &scores, scoreValues)
        == CRISP_INVALID_ARGUMENT)
    #expect(text(lastError(model).code) == code)
    #expect(scores.allSatisfy { $0 == 7 })
  }

  @Test func refusesOptions() throws {
    var error = crisp_error()
    func refused(_ change: (inout crisp_options) -> Void) -> crisp_status {
      var options = crisp_options()
      change(&options)
      var handle = OpaquePointer(bitPattern: 1)
      let status = crisp_open(Self.path, &options, &handle, &error)
      #expect(handle == nil)
      return status
    }
    #expect(refused { $0.batch_capacity = 65537 } == CRISP_INVALID_ARGUMENT)
    #expect(text(error.code) == "invalid_runtime_setting")
    #expect(refused { $0.threads = .max } == CRISP_INVALID_ARGUMENT)
    #expect(refused { $0.reserved.5 = 1 } == CRISP_INVALID_ARGUMENT)
    #expect(text(error.code) == "reserved_option")
  }

  @Test func tellsFilesApart() throws {
    var handle: OpaquePointer?
    var error = crisp_error()
    let missing = "/nowhere/" + String(repeating: "é", count: 600)
    #expect(crisp_open(missing, nil, &handle, &error) == CRISP_UNREADABLE)
    #expect(text(error.code) == "unreadable_file")
    #expect(text(error.message).hasPrefix("'/nowhere/é"), "\(text(error.message))")
    #expect(text(error.message).utf8.count > 900)
    #expect(crisp_open("", nil, &handle, &error) == CRISP_INVALID_ARGUMENT)
    #expect(crisp_open([-1, -2, 0], nil, &handle, &error) == CRISP_INVALID_ARGUMENT)
    #expect(text(error.code) == "invalid_path")
    let dense = Self.path.replacingOccurrences(of: "packed.", with: "dense.")
    #expect(crisp_open(dense, nil, &handle, &error) == CRISP_INVALID_MODEL)
    #expect(text(error.code) == "missing_metadata")
    #expect(text(error.message).contains(dense))
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path)))
    #expect(crisp_open_memory(bytes, 7, nil, &handle, &error) == CRISP_INVALID_MODEL)
    #expect(text(error.code) == "truncated_length")
    #expect(crisp_open_memory(bytes, -1, nil, &handle, &error) == CRISP_INVALID_ARGUMENT)
    #expect(handle == nil)
    let version = Data(#""format_version":"1""#.utf8)
    let place = try #require(Data(bytes).firstRange(of: version))
    bytes[place.upperBound - 2] = UInt8(ascii: "3")
    #expect(crisp_open_memory(bytes, bytes.count, nil, &handle, &error) == CRISP_UNKNOWN_VERSION)
  }

  /// The text in one of `crisp_error`'s arrays.
  private func text(_ field: some Any) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
