/// The frame of a list of the newest jobs or models.
enum CardList {
  /// - Parameters:
  ///   - items: list items, newest first.
  ///   - classes: of the list, for the style sheet.
  ///   - empty: what is said when there is none.
  ///   - hasMore: whether there are older ones that are not shown.
  static func html(_ items: [HTML], classes: String, empty: String, hasMore: Bool) -> HTML {
    if items.isEmpty { return "<p class=\"empty\">\(empty)</p>" }
    let more: HTML? = hasMore ? "<p class=\"note\">These are the newest \(items.count).</p>" : nil
    return "<ul class=\"\(classes)\" role=\"list\">\(items)</ul>\(more)"
  }
}
