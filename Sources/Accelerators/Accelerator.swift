/// A design of the processing core, all on the same ``Machine``.
///
/// `Documentation/accelerators.md` states each one's dataflow, metadata and assumptions.
public enum Accelerator: String, Sendable, CaseIterable, Codable {
  /// Dense: zeros cost what other numbers cost.
  case tensorCore = "tensor-core"
  /// 2:4 weights with two bits of place for each kept one; at most twice as fast.
  case sparseTensorCore = "sparse-tensor-core"
  /// 2:M weights, places in half a byte; all inputs of a group are fetched.
  case flexible
  /// The same with places as run lengths.
  case flexibleRunLength = "flexible-rle"
  /// The same with activations compressed by bitmaps too: bytes are saved, not multiplies.
  case flexibleDualCompressed = "flexible-dual"
  /// Bitmaps on both sides, outer products: skips the zeros of weights and activations.
  case dualSide = "dual-side"
  /// Two levels of N:M, 4:H of blocks and 2:H within them, after HighLight; activations compressed.
  case hierarchical
  /// 2:4 inside kept tiles, equally many in every block row, one list of tile numbers a block row: inputs
  /// of skipped tiles are never fetched.
  case crisp = "crisp-stc"

  /// The design that is meant where none is named: the one made for the pattern.
  public static let standard = Accelerator.crisp

  /// By its name, or by the one that the reference rows have for it.
  /// - Throws: ``AcceleratorError/unknownAccelerator(_:)``, which lists those there are.
  public init(named name: String) throws(AcceleratorError) {
    guard let found = Self(rawValue: name) ?? Self.referenceNames[name] else {
      throw .unknownAccelerator(name)
    }
    self = found
  }

  /// Decodes a name; the error lists those there are.
  public init(from decoder: any Decoder) throws {
    let name = try decoder.singleValueContainer().decode(String.self)
    do { try self.init(named: name) } catch {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "\(error)"))
    }
  }

  /// The designs as Sparseloop's artifact (MICRO 2022) calls them.
  static let referenceNames: [String: Accelerator] = [
    "TC": .tensorCore, "STC": .sparseTensorCore, "STC_flexible": .flexible,
    "STC_flexible-RLE": .flexibleRunLength,
    "STC_flexible_dualCompress-RLE": .flexibleDualCompressed, "DSTC": .dualSide,
  ]
}
