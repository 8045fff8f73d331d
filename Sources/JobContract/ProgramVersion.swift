/// What this program calls itself in models and answers.
package enum ProgramVersion {
  /// The version.
  package static let number = "0.1.0"
  /// Name and version.
  package static let generator = "crisp-server \(number)"
}
