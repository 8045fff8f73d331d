#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a dense model's file says of it before its weights: enough to check a request for a tailored
/// one, at thousandths of the memory.
public struct DenseModelHead: Sendable {
  /// Graph, labels and preprocessing.
  public let description: ModelDescription
  /// JSON of any shape about how the model was made.
  public let training: String?

  /// Reads the beginning of a file. That the weights fit the graph is not checked.
  /// - Parameters:
  ///   - fileSize: bytes of the whole file.
  ///   - read: gives as many bytes as it is asked for, from an offset on.
  /// - Throws: ``FormatError``, what `read` throws.
  public init(fileSize: Int, read: (_ offset: Int, _ count: Int) throws -> Data) throws {
    guard fileSize >= 8 else { throw FormatError.truncatedLength(bytes: fileSize) }
    let length = try read(0, 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(SafetensorsFile.largestHeader) else {
      throw FormatError.headerTooLarge(length)
    }
    let header = Int(length)
    guard header <= fileSize - 8 else {
      throw FormatError.headerBeyondFile(header: header, file: fileSize)
    }
    let metadata = try FileMetadata(
      HeaderParser([UInt8](read(8, header))).metadata, format: DenseModel.format)
    description = try ModelDescription(metadata)
    training = metadata.optional(.training)
  }
}
