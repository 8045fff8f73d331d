import Foundation
import ModelFormats
import Testing

/// Files that people take for model files are told what they are.
@Suite struct ForeignFileTests {
  private func error(_ bytes: [UInt8]) -> FormatError? {
    do throws(FormatError) {
      _ = try SafetensorsFile(data: Data(bytes))
      return nil
    } catch {
      return error
    }
  }

  @Test(
    arguments: [
      (Array("PK\u{3}\u{4} and more of it".utf8), ForeignFile.zip),
      ([0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20], .pickle),
      ([0x80, 5], .pickle),
      (Array("version https://git-lfs.github.com/spec/v1\noid sha256:".utf8), .lfsPointer),
      (
        Array(#"{"metadata":{"total_size":4},"weight_map":{"a":"b.safetensors"}}"#.utf8),
        .shardIndex
      ),
      (Array("\u{FEFF}{\"model_type\": \"resnet\"}".utf8), .json),
      ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], .hdf5),
      ([0x1C, 0, 0, 0, 0x54, 0x46, 0x4C, 0x33, 0], .tfLite),
      (Array("\n<!DOCTYPE html><html>".utf8), .html),
      ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3], .gzip),
      ([0x08, 0x08, 0x12, 0x07, 0x70, 0x79, 0x74, 0x6F, 0x72], .onnx),
    ] as [([UInt8], ForeignFile)])
  func everyKindIsNamed(bytes: [UInt8], kind: ForeignFile) {
    #expect(error(bytes) == .foreignFile(kind))
    let text = error(bytes)?.description ?? ""
    #expect(text.contains(kind.name) && text.contains(kind.advice))
  }

  /// Headers of 0x0280 to 0x0580 bytes begin as pickles do.
  @Test(arguments: [0x0280, 0x0380, 0x0480, 0x0580, 0x10480]) func headersAreStronger(length: Int)
    throws
  {
    let header = #"{"__metadata__":{"a":"b"}}"#
    var bytes = withUnsafeBytes(of: UInt64(length).littleEndian) { [UInt8]($0) }
    bytes += Array(header.utf8) + [UInt8](repeating: 0x20, count: length - header.utf8.count)
    #expect(try SafetensorsFile(data: Data(bytes)).metadata == ["a": "b"])
    // Cut off, it is a broken one of its kind.
    #expect(error(Array(bytes.prefix(200)))?.code == "header_beyond_file")
  }

  @Test func otherBytesAreOnlyBroken() {
    #expect(error([])?.code == "truncated_length")
    #expect(error(Array("ant\nbee\ncat\n".utf8))?.code == "header_too_large")
  }

  @Test func foldersAreNamed() {
    let url = FileManager.default.temporaryDirectory
    let error = #expect(throws: FormatError.self) { try ModelFile(contentsOf: url) }
    #expect(error?.description.contains("it is a folder; name a file in it") == true)
  }

  @Test func doublesAreRounded() throws {
    let header = #"{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}"#
    var data = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    data += Data(header.utf8)
    data += [0.1, -3].withUnsafeBytes { Data($0) }
    #expect(try SafetensorsFile(data: data).tensor("a").values == [Float(0.1), -3])
  }
}
