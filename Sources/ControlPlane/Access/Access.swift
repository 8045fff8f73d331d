/// Who may call a route. ``Gate`` is the one place where this is decided.
package enum Access: Sendable, CaseIterable {
  /// Everyone, without a token: for what holds nobody's data.
  case anyone
  /// Whoever has a token. What a list shows depends on the caller.
  case tokenHolder
  /// The user that `{user}` in the path names; 403 for others, whether there is such a user or not.
  case sameUser
  /// Users who wait for, or waited for, the job that `{job}` names; to others it does not exist.
  case requester
  /// Users who have the model that `{model}` names; to others it does not exist.
  case modelHolder
  /// The operator alone.
  case `operator`
}
