#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A model file of either kind, told apart by its `format` metadata.
public enum ModelFile: Sendable {
  /// Weights under PyTorch's names.
  case dense(DenseModel)
  /// The pruned product.
  case packed(PackedModel)

  /// Reads a file of either kind; every error names the file.
  public init(contentsOf url: URL) throws(FormatError) {
    do throws(FormatError) {
      self = try ModelFile.read(url)
    } catch {
      if case .unreadable = error { throw error }
      throw .inFile(path: url.path, error)
    }
  }

  private static func read(_ url: URL) throws(FormatError) -> ModelFile {
    let file = try SafetensorsFile(contentsOf: url)
    switch file.metadata[FileMetadata.Key.format.rawValue] {
    case PackedModel.format: return .packed(try PackedModel(file))
    case DenseModel.format: return .dense(try DenseModel(file))
    case .some(let other):
      throw .wrongFormat(
        expected: "\(DenseModel.format) or \(PackedModel.format)", found: other)
    case nil: throw .missingMetadata(FileMetadata.Key.format.rawValue)
    }
  }

  /// What both kinds say of their network.
  public var description: ModelDescription {
    switch self {
    case .dense(let model): model.description
    case .packed(let model): model.description
    }
  }
}
