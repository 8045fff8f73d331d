import Foundation
import ModelFormats
import NeuralGraph
import Testing

/// Layers that refer to the bytes of the file they were read from.
@Suite struct StoredLayerTests {
  /// A file of its own that is gone after `body`.
  private func withFile<Result>(_ data: Data, _ body: (URL) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(
      path: "stored-\(UUID().uuidString).safetensors")
    try data.write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url)
  }

  /// The same file with a space after its header, so that its tensors begin at odd addresses.
  private func unaligned(_ data: Data) -> Data {
    let header = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    var file = withUnsafeBytes(of: UInt64(header + 1).littleEndian) { Data($0) }
    file += data.dropFirst(8).prefix(header) + [0x20] + data.dropFirst(8 + header)
    return file
  }

  /// Bytes of a tensor as they stand in the file.
  private func bytes(_ name: String, in data: Data) throws -> Data {
    let entry = try SafetensorsFile(data: data).entry(name)
    let header = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    return data.dropFirst(8 + header)[(8 + header + entry.begin)..<(8 + header + entry.end)]
  }

  @Test(arguments: Precision.allCases)
  func layersHoldTheBytesOfTheFile(precision: Precision) throws {
    let data = try TestModels.packed().serialized(precision: precision)
    let file = try SafetensorsFile(data: data)
    for (name, layer) in try PackedModel(data: data).layers {
      #expect(layer.precision == precision)
      #expect(
        layer.valueBytes.withUnsafeBytes { Data($0) }
          == (try bytes("\(name).weight.values", in: data)))
      #expect(
        layer.positionBytes.withUnsafeBytes { Data($0) }
          == (try bytes("\(name).weight.nm", in: data)))
      // Both stand in one copy of the file, as far apart as in the file.
      let apart =
        try file.entry("\(name).weight.nm").begin - file.entry("\(name).weight.values").begin
      #expect(layer.positionBytes.pointer - layer.valueBytes.pointer == apart)
    }
  }

  @Test(arguments: Precision.allCases)
  func mappedFilesGiveTheSameModel(precision: Precision) throws {
    let data = try TestModels.packed().serialized(precision: precision)
    for data in [data, unaligned(data)] {
      try withFile(data) { url in
        let model = try PackedModel(contentsOf: url)
        #expect(model == (try PackedModel(data: data)))
        #expect(
          try model.serialized(precision: precision)
            == TestModels.packed().serialized(precision: precision))
      }
    }
  }

  #if os(Linux)
    @Test func layersStandInTheMapping() throws {
      try withFile(TestModels.packed().serialized()) { url in
        let layer = try #require(PackedModel(contentsOf: url).layers["conv"])
        let address = UInt(bitPattern: layer.valueBytes.pointer)
        // "7f00-7f10 r--p 00000000 08:01 123 /path". Read to its end: its size is said to be zero.
        let handle = try #require(FileHandle(forReadingAtPath: "/proc/self/maps"))
        let maps = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
        let line = try #require(
          maps.split(separator: "\n").first { $0.hasSuffix(url.lastPathComponent) })
        let bounds = line.prefix { $0 != " " }.split(separator: "-").compactMap {
          UInt($0, radix: 16)
        }
        #expect(bounds.count == 2 && bounds[0] <= address && address < bounds[1])
        withExtendedLifetime(layer) {}
      }
    }
  #endif

  @Test(arguments: Precision.allCases)
  func tensorsNeedNoAlignment(precision: Precision) throws {
    let data = try TestModels.packed().serialized(precision: precision)
    let odd = try PackedModel(data: unaligned(data))
    let layer = try #require(odd.layers["conv"])
    #expect(UInt(bitPattern: layer.valueBytes.pointer) % 2 == 1)
    let even = try PackedModel(data: data)
    #expect(odd == even)
    #expect(odd.hashValue == even.hashValue)
    #expect(try odd.denseWeights() == even.denseWeights())
  }

  @Test func layersOutliveTheirFile() throws {
    let model = try TestModels.packed()
    let expected = try #require(model.layers["conv"])
    let data = try model.serialized()
    // The file's value, its model and the file itself are gone when the layer is read.
    let (mapped, values) = try withFile(data) { url in
      let layer = try #require(PackedModel(contentsOf: url).layers["conv"])
      return (layer, layer.valueBytes)
    }
    #expect(mapped == expected)
    #expect(mapped.unpacked() == expected.unpacked())
    #expect(values == expected.valueBytes)
    let copied = try #require(PackedModel(data: Data(data)).layers["conv"])
    #expect(copied == expected)
  }

  @Test func halvesAreWrittenAsTheyWereRead() throws {
    let model = try TestModels.packed()
    let halves = try model.serialized(precision: .float16)
    let again = try PackedModel(data: halves)
    #expect(try again.serialized(precision: .float16) == halves)
    #expect(again != model)
    // Widened they are the same numbers.
    let wide = try PackedModel(data: again.serialized(precision: .float32))
    #expect(try wide.denseWeights() == again.denseWeights())
    #expect(wide.layers.values.allSatisfy { $0.precision == .float32 })
    #expect(try wide.serialized(precision: .float16) == halves)
  }

  @Test func theFormatHasNoBfloat16() throws {
    let data = try TestModels.packed().serialized(precision: .float16)
    let header = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let text = String(decoding: data.dropFirst(8).prefix(header), as: UTF8.self)
    let name = "\"conv.weight.values\":{\"dtype\":"
    let changed = text.replacingOccurrences(of: "\(name)\"F16\"", with: "\(name)\"BF16\"")
    var file = withUnsafeBytes(of: UInt64(changed.utf8.count).littleEndian) { Data($0) }
    file += Data(changed.utf8) + data.dropFirst(8 + header)
    #expect(
      throws: FormatError.elementType(
        tensor: "conv.weight.values", expected: "F32 or F16", found: "BF16")
    ) { try PackedModel(data: file) }
  }

  /// A version 1 file has no whole numbers, and scales and numbers have their range.
  @Test func refusesWholeNumbersThatTheFormatDoesNotHave() throws {
    let data = try TestModels.packed().serialized(precision: .int8)
    var older = data
    let place = try #require(older.range(of: Data(#""format_version":"2""#.utf8)))
    older[place.upperBound - 2] = UInt8(ascii: "1")
    #expect(
      throws: FormatError.elementType(
        tensor: "conv.weight.values", expected: "F32 or F16", found: "I8")
    ) { try PackedModel(data: older) }
    var newer = data
    newer[place.upperBound - 2] = UInt8(ascii: "3")
    #expect(throws: FormatError.unknownVersion("3")) { try PackedModel(data: newer) }

    let file = try SafetensorsFile(data: data)
    let start = 8 + data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let values = try file.entry("conv.weight.values"), scales = try file.entry("conv.weight.scales")
    var edited = data
    edited[start + values.begin] = 0x80
    #expect(throws: FormatError.wholeNumberOutOfRange(layer: "conv", found: -128)) {
      try PackedModel(data: edited)
    }
    for (bits, text) in [
      (UInt32(0), "0.0"), (0x7F80_0000, "inf"), (0x7FC0_0000, "nan"), (0xBF80_0000, "-1.0"),
      (0x7F00_0000, "1.7014118e+38"),
    ] {
      var edited = data
      withUnsafeBytes(of: bits.littleEndian) {
        edited.replaceSubrange(start + scales.begin + 4..<start + scales.begin + 8, with: $0)
      }
      #expect(throws: FormatError.scaleOutOfRange(layer: "conv", row: 1, found: text)) {
        try PackedModel(data: edited)
      }
    }
    // A row that the matrix does not have.
    var padded = data
    padded[start + values.end - 1] = 1
    #expect(throws: FormatError.self) { try PackedModel(data: padded) }
  }

  @Test func refusesNumbersInThePaddingOfHalves() throws {
    let data = try TestModels.packed().serialized(precision: .float16)
    let file = try SafetensorsFile(data: data)
    let header = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    // The last row of the last tile of "conv" is row 15 of 10.
    let end = 8 + header + (try file.entry("conv.weight.values").end)
    for (bits, isRefused) in [(0x8000, false), (0x0001, true), (0x8001, true), (0x7E00, true)] {
      var edited = data
      edited[end - 2] = UInt8(bits & 0xFF)
      edited[end - 1] = UInt8(bits >> 8)
      do {
        _ = try PackedModel(data: edited)
        #expect(!isRefused)
      } catch {
        #expect(isRefused && error.code == "padded_nonzero")
      }
    }
  }

  @Test func refusesWhatIsNoFile() throws {
    #expect(throws: FormatError.truncatedLength(bytes: 0)) {
      try withFile(Data()) { try SafetensorsFile(contentsOf: $0) }
    }
    for url in [FileManager.default.temporaryDirectory, URL(filePath: "/dev/null")] {
      do {
        _ = try SafetensorsFile(contentsOf: url)
        Issue.record("\(url.path) was read")
      } catch {
        #expect(error.code == "unreadable_file")
      }
    }
  }
}
