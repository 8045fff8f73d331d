/// The base model that comes with the server.
package enum EmbeddedModel {
  /// What it is registered as.
  package static let name = "resnet18-fashion-mnist"

  /// What an operator does about a server without a base model.
  package static let missingHint =
    "install Debian's 'dataset-fashion-mnist' and start the server again, or register your own data "
    + "and model with crisp-server dataset add and crisp-server base-model add"
}
