import ModelFormats
import NeuralGraph

/// What a masked network costs in one resource: a fixed part, and a part for each kept weight and
/// each kept tile of every prunable layer.
package struct ResourceModel: Sendable {
  /// One layer's prices.
  package struct Layer: Sendable, Hashable {
    package var perWeight = 0.0
    package var perTile = 0.0
    /// Of layers whose cost is no line: what they cost with 1, 2, 3… tiles left in each block row.
    package var byRankColumns: [Double] = []

    package init(perWeight: Double = 0, perTile: Double = 0, byRankColumns: [Double] = []) {
      self.perWeight = perWeight
      self.perTile = perTile
      self.byRankColumns = byRankColumns
    }

    package func cost(weights: Int, tiles: Int) -> Double {
      Double(weights) * perWeight + Double(tiles) * perTile
    }

    fileprivate func cost(of mask: LayerMask) -> Double {
      guard !byRankColumns.isEmpty else {
        return cost(weights: mask.keptCount, tiles: mask.keptTileCount)
      }
      return cost(rankColumns: mask.tilesPerBlockRow.first ?? 1)
    }

    private func cost(rankColumns: Int) -> Double {
      byRankColumns[min(max(1, rankColumns), byRankColumns.count) - 1]
    }

    /// What the layer costs less without one of its `kept` rank columns.
    func saving(_ column: RankColumnAllocation.RankColumn, kept: Int) -> Double {
      byRankColumns.isEmpty
        ? cost(weights: column.weights, tiles: column.tiles.count)
        : cost(rankColumns: kept) - cost(rankColumns: kept - 1)
    }

    /// What a rank column is worth when `kept` are left: with a cost that falls in steps, the best mean
    /// saving of any number of them, or a layer would never get over its first step.
    func worth(_ column: RankColumnAllocation.RankColumn, kept: Int) -> Double {
      guard !byRankColumns.isEmpty else { return saving(column, kept: kept) }
      let now = cost(rankColumns: kept)
      return (1..<max(2, kept)).reduce(0) { best, left in
        max(best, (now - cost(rankColumns: left)) / Double(kept - left))
      }
    }
  }

  package let fixed: Double
  /// In the order of the masks.
  package let layers: [Layer]

  package init(fixed: Double, layers: [Layer]) {
    self.fixed = fixed
    self.layers = layers
  }

  /// What the masks leave.
  package func total(_ masks: [LayerMask]) -> Double {
    zip(masks, layers).reduce(fixed) { sum, pair in
      sum + pair.1.cost(of: pair.0)
    }
  }

  /// Weights over all prunable layers.
  package static func weights(_ masks: [LayerMask]) -> ResourceModel {
    ResourceModel(fixed: 0, layers: masks.map { _ in Layer(perWeight: 1) })
  }

  /// Multiply-accumulates of one image over the whole network.
  package static func multiplyAccumulates(_ masks: [LayerMask], graph: Graph) throws(GraphError)
    -> ResourceModel
  {
    let counts = try graph.multiplyAccumulates()
    let layers = masks.map { mask in
      Layer(
        perWeight: Double(counts[mask.layer.name] ?? 0) / Double(max(1, mask.layer.matrix.count)))
    }
    let all = counts.values.reduce(0.0) { $0 + Double($1) }
    let prunable = zip(masks, layers).reduce(0.0) {
      $0 + Double($1.0.layer.matrix.count) * $1.1.perWeight
    }
    return ResourceModel(fixed: all - prunable, layers: layers)
  }

  /// Bytes of the packed file. `unpacked` is the size of a file in which all masks keep everything
  /// that N:M leaves, `slack` room for what the header says only at the end.
  package static func bytes(
    _ masks: [LayerMask], storage: Precision, unpacked: Int, slack: Int
  ) -> ResourceModel {
    let layers = masks.map { mask in
      // Documentation/formats/packed-format.md: values, two bits a position, a 16-bit column.
      Layer(
        perTile: Double(
          mask.pattern.slotsPerTile * storage.size + mask.pattern.positionBytesPerTile + 2))
    }
    let tiles = zip(masks, layers).reduce(0.0) {
      $0 + $1.1.cost(weights: 0, tiles: $1.0.grid.tileCount)
    }
    return ResourceModel(fixed: Double(unpacked + slack) - tiles, layers: layers)
  }

  /// Milliseconds of one image on a device. Throws when its profile does not know a layer.
  package static func milliseconds(_ masks: [LayerMask], device: DeviceProfile)
    throws(PruningError) -> ResourceModel
  {
    func unusable(_ reason: String) -> PruningError {
      .invalidRecipe(field: "device", reason: reason)
    }
    var fixed = device.fixed
    var layers: [Layer] = []
    for mask in masks {
      guard mask.layer.treatment == .hybrid else {
        layers.append(Layer())
        continue
      }
      guard let layer = device.layers[mask.layer.name] else {
        throw unusable("does not know the layer '\(mask.layer.name)'; measure it for this model")
      }
      guard layer.perRankColumn >= 0, layer.perRankColumn.isFinite, layer.fixed.isFinite else {
        throw unusable("has a time of '\(mask.layer.name)' that is not a time")
      }
      guard device.pattern == mask.pattern else {
        throw unusable("was measured for \(device.pattern), the recipe asks for \(mask.pattern)")
      }
      fixed += layer.fixed
      layers.append(Layer(perTile: layer.perRankColumn / Double(max(1, mask.grid.blockRows))))
    }
    guard fixed.isFinite else { throw unusable("has a fixed time that is not a time") }
    return ResourceModel(fixed: fixed, layers: layers)
  }
}
