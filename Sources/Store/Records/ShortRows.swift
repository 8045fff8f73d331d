/// Rows that lists read are short: of what may be long they have the beginning, and another place all of
/// it.
public enum ShortRows {
  /// Classes, or labels, that an element of a list shows at most; how many there are it says too.
  public static let elements = 20
}
