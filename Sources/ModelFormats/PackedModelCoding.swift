import NeuralGraph

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension PackedModel {
  /// Reads a file. Throws `FormatError`, which names what the file breaks of
  /// Documentation/formats/packed-format.md.
  public init(contentsOf url: URL) throws(FormatError) {
    try self.init(SafetensorsFile(contentsOf: url))
  }

  /// Reads a file that is in memory already. Throws like the reader of files.
  public init(data: Data) throws(FormatError) {
    try self.init(SafetensorsFile(data: data))
  }

  init(_ file: SafetensorsFile) throws(FormatError) {
    let metadata = try FileMetadata(
      file.metadata, format: PackedModel.format, versions: 1...PackedModel.latestVersion)
    let order = try metadata.text(.axisOrder)
    guard order == PackedModel.axisOrder else {
      throw .invalidMetadata(key: "axis_order", reason: "it must be '\(PackedModel.axisOrder)'")
    }
    let description = try ModelDescription(metadata)
    let nodes = Dictionary(
      description.graph.nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var packedTensors = Set<String>()
    var layers: [PackedLayer] = []
    var named = Set<String>()
    for entry in try metadata.json(.packedLayers, as: [PackedLayerEntry].self) {
      // Before its tensors are read: a short text may name a large layer many times.
      guard named.insert(entry.name).inserted else { throw .duplicateKey(entry.name) }
      guard let node = nodes[entry.name] else { throw .notPackable(layer: entry.name) }
      let layer = try file.layer(node, pattern: entry.pattern, version: metadata.version)
      layers.append(layer)
      packedTensors.formUnion(PackedTensorNames(node).all(layer.precision))
    }
    var dense: Weights = [:]
    for name in file.entries.keys.sorted() where !packedTensors.contains(name) {
      dense[name] = try file.tensor(name)
    }
    try self.init(
      description: description, pattern: metadata.json(.pattern, as: HybridPattern.self),
      layers: layers, dense: dense, provenance: Provenance(metadata))
  }

  /// The latest version of the format that is written and read: 2 has layers of whole numbers. Files
  /// without them are version 1, which older readers read.
  static let latestVersion = 2

  /// The file's bytes; the same model gives the same bytes. Throws `halfOverflow` for weights
  /// beyond the range of halves.
  public func serialized(precision: Precision = .float32) throws(FormatError) -> Data {
    let isWhole = precision == .int8 && !layers.isEmpty
    var metadata = FileMetadata(
      format: PackedModel.format, version: isWhole ? PackedModel.latestVersion : 1)
    try description.write(to: &metadata)
    metadata.set(.axisOrder, PackedModel.axisOrder)
    try metadata.set(.pattern, json: pattern)
    let ordered = layers.values.sorted { $0.name < $1.name }
    try metadata.set(
      .packedLayers, json: ordered.map { PackedLayerEntry(name: $0.name, pattern: $0.pattern) })
    try provenance.write(to: &metadata)
    var writer = SafetensorsWriter(metadata: metadata.texts)
    for layer in ordered {
      try writer.add(precision == .int8 ? layer.quantized() : layer, precision: precision)
    }
    let biases = biasesThatFitHalves()
    for (name, tensor) in dense {
      let isHalved = tensor.shape.count > 1 || biases.contains(name)
      try writer.add(name, tensor, precision: isHalved ? precision : .float32)
    }
    return writer.serialized()
  }

  /// Biases of convolutions and linear layers: folded batch norm makes them a thirtieth of a file at
  /// 95 %. Other vectors stay as they are: a variance is divided by, and may be tiny.
  private func biasesThatFitHalves() -> Set<String> {
    let largest = Float(Float16.greatestFiniteMagnitude)
    var names = Set<String>()
    for node in description.graph.nodes where WeightMatrix(node.operation) != nil {
      guard let bias = dense[node.biasName] else { continue }
      if bias.values.allSatisfy({ $0.magnitude <= largest }) { names.insert(node.biasName) }
    }
    return names
  }
}

/// One element of `packed_layers`.
private struct PackedLayerEntry: Codable {
  let name: String
  let pattern: HybridPattern

  private enum CodingKeys: String, CodingKey { case name }

  init(name: String, pattern: HybridPattern) {
    self.name = name
    self.pattern = pattern
  }

  init(from decoder: any Decoder) throws {
    name = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .name)
    pattern = try HybridPattern(from: decoder)
  }

  func encode(to encoder: any Encoder) throws {
    try pattern.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
  }
}

/// The names of the tensors of a packed layer.
private struct PackedTensorNames {
  let values, scales, blockColumns, positions: String

  init(_ node: Node) { self.init(weight: node.weightName) }

  init(weight: String) {
    values = "\(weight).values"
    scales = "\(weight).scales"
    blockColumns = "\(weight).block_cols"
    positions = "\(weight).nm"
  }

  func all(_ precision: Precision) -> [String] {
    [values, blockColumns, positions] + (precision == .int8 ? [scales] : [])
  }
}

extension SafetensorsFile {
  fileprivate func layer(
    _ node: Node, pattern: HybridPattern, version: Int
  ) throws(FormatError) -> PackedLayer {
    let matrix = try PackedModel.matrix(node)
    try PackedLayer.check(matrix, pattern, node.name)
    let names = PackedTensorNames(node)
    let rows = PackedLayer.blocks(matrix.rows, pattern)
    let columns = PackedLayer.blocks(matrix.columns, pattern)
    // The values' shape says how many tiles are kept; the other two must agree.
    let shape = try entry(names.values).shape
    let kept = shape.count == 4 && (1...columns).contains(shape[1]) ? shape[1] : columns
    for (name, expected) in [
      (names.values, [rows, kept, pattern.block, pattern.slotsPerRow]),
      (names.blockColumns, [rows, kept]),
      (names.positions, [rows, kept, pattern.positionBytesPerTile]),
    ] {
      let found = try entry(name).shape
      guard found == expected else {
        throw .tensorShape(tensor: name, expected: expected, found: found)
      }
    }
    let type = try entry(names.values).type
    guard
      let precision = Precision.allCases.first(where: { $0.elementType == type }),
      version > 1 || precision != .int8
    else {
      throw .elementType(
        tensor: names.values, expected: version > 1 ? "F32, F16 or I8" : "F32 or F16",
        found: type.rawValue)
    }
    var scales: [Float] = []
    if precision == .int8 {
      let found = try entry(names.scales).shape
      guard found == [matrix.rows] else {
        throw .tensorShape(tensor: names.scales, expected: [matrix.rows], found: found)
      }
      scales = try stored(names.scales, as: .float32).floats(.float32)
    }
    return try PackedLayer(
      name: node.name, matrix: matrix, pattern: pattern, keptTiles: kept, precision: precision,
      valueBytes: stored(names.values, as: type), scales: scales,
      blockColumns: unsigned16(names.blockColumns),
      positionBytes: stored(names.positions, as: .uint8))
  }
}

extension SafetensorsWriter {
  fileprivate mutating func add(
    _ layer: PackedLayer, precision: Precision
  ) throws(FormatError) {
    let names = PackedTensorNames(weight: "\(layer.name).weight")
    let pattern = layer.pattern
    let tiles = [layer.blockRowCount, layer.keptTiles]
    let shape = tiles + [pattern.block, pattern.slotsPerRow]
    if layer.precision == precision {
      try add(names.values, precision.elementType, shape: shape, layer.valueBytes)
      if precision == .int8 {
        try add(
          names.scales, .float32, shape: [layer.scales.count], StoredBytes(copying: layer.scales))
      }
    } else {
      let values: Tensor
      do {
        values = try Tensor(shape: shape, values: layer.values)
      } catch {
        throw .graph(error)
      }
      try add(names.values, values, precision: precision)
    }
    try add(names.blockColumns, shape: tiles, layer.blockColumns)
    try add(
      names.positions, .uint8, shape: tiles + [pattern.positionBytesPerTile],
      layer.positionBytes)
  }
}

extension Provenance {
  fileprivate init(_ metadata: FileMetadata) throws(FormatError) {
    let text = try metadata.text(.seed)
    // `UInt64(_:)` would also take a sign.
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seed = UInt64(text) else {
      throw .invalidMetadata(key: "seed", reason: "it is not a whole number below 2^64")
    }
    self.init(
      recipe: try metadata.opaqueJSON(.recipe), accuracy: try metadata.opaqueJSON(.accuracy),
      seed: seed, baseModelDigest: try metadata.text(.baseModelDigest),
      dataDigest: try metadata.text(.dataDigest), generator: try metadata.text(.generator))
  }

  fileprivate func write(to metadata: inout FileMetadata) throws(FormatError) {
    try FileMetadata.checkJSON(recipe, .recipe)
    try FileMetadata.checkJSON(accuracy, .accuracy)
    metadata.set(.recipe, recipe)
    metadata.set(.accuracy, accuracy)
    metadata.set(.seed, String(seed))
    metadata.set(.baseModelDigest, baseModelDigest)
    metadata.set(.dataDigest, dataDigest)
    metadata.set(.generator, generator)
  }
}
