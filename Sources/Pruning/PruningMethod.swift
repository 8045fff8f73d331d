/// What is pruned: the project's method and what it is compared with (Documentation/method.md,
/// "Baselines"). All share data, schedule and report.
public enum PruningMethod: String, Sendable, Hashable, Codable, CaseIterable {
  /// N:M inside tiles, whole rank columns of tiles dropped: CRISP.
  case hybrid
  /// N:M alone, at the sparsity that it has.
  case fineOnly = "fine_only"
  /// Tiles alone; those that stay are full.
  case blocks
  /// Single weights anywhere, by one threshold for all layers.
  case unstructured
  /// Whole output channels, removed from the network.
  case channels
  /// Nothing: fine-tuning alone.
  case dense

  /// Whether the packed file stores the pattern; what other methods leave is stored dense, zeros
  /// included.
  var isPacked: Bool { self == .hybrid || self == .fineOnly }
}

/// What a weight's worth is estimated by.
public enum PruningCriterion: String, Sendable, Hashable, Codable, CaseIterable {
  /// T, the class-aware saliency score.
  case saliency
  /// The weight's size.
  case magnitude
}

/// Which tiles go first.
public enum TileOrder: String, Sendable, Hashable, Codable, CaseIterable {
  /// Those with the lowest scores.
  case scored
  /// Those with the lowest share of their block column's score, so that the kept ones spread over
  /// the layer's inputs.
  case spread
  /// Drawn blindly, the same share in every layer.
  case random
}

/// What a rank column's score is divided by before layers are compared (Documentation/method.md,
/// step 3c).
public enum RankColumnCost: String, Sendable, Hashable, Codable, CaseIterable {
  /// What the target counts: weights for a sparsity.
  case target
  /// Weights.
  case weights
  /// Multiply-accumulates of one image.
  case multiplyAccumulates = "macs"
  /// Nothing: raw sums, which favour large layers (B6).
  case none
}

/// What scores are held against before layers are compared.
public enum ScoreScale: String, Sendable, Hashable, Codable, CaseIterable {
  /// Nothing: they are what they are in the whole network (Documentation/method.md, step 3c).
  case network
  /// What their layer would still have: its share of the scores that are no lower (LAMP, Lee et al.
  /// 2021, equation 4, with T for the squared weight).
  case layer
}

/// Which classes the teacher of a distillation speaks of. The training images are the user's either
/// way.
public enum TeacherScope: String, Sendable, Hashable, Codable, CaseIterable {
  /// The user's (Documentation/method.md, step 2).
  case profile
  /// All that the universal model knows: what an image has of other classes says more about the
  /// network's features than the few scores of the user's classes do.
  case universal
}

/// How often each class occurs among the samples.
public enum ClassSampling: String, Sendable, Hashable, Codable, CaseIterable {
  /// As the profile's weights say.
  case profile
  /// Each alike.
  case uniform
}
