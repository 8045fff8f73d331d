/// The base model that comes with the server.
package enum EmbeddedModel {
  /// What it is registered as.
  package static let name = "resnet18-fashion-mnist"
}
