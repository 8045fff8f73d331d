/// The answer to `POST /models/{model}/predictions`.
public struct PredictionResource: Codable, Sendable, Hashable {
  /// One class that the image may show.
  public struct Entry: Codable, Sendable, Hashable {
    /// The class's name.
    public var label: String
    /// Its position among the model's labels.
    public var index: Int
    /// 0…1; all of the model's classes together 1.
    public var probability: Double

    /// An entry as given.
    public init(label: String, index: Int, probability: Double) {
      self.label = label
      self.index = index
      self.probability = probability
    }
  }

  /// Always `prediction`.
  public var object = "prediction"
  /// The model that answered, `model_…`.
  public var model: String
  /// The most probable classes, the most probable first.
  public var classes: [Entry]

  /// An answer as given.
  public init(model: String, classes: [Entry]) {
    self.model = model
    self.classes = classes
  }
}
