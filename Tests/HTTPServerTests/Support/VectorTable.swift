import Foundation

/// The list of vectors by section, as Vectors/table.md shows it.
enum VectorTable {
  static let introduction = """
    # What the request parser is tried on

    Each vector is the bytes of a connection and what the parser makes of them: the requests and \
    bodies it takes, and the error it stops at. Every one runs whole, byte by byte, and split in \
    two at every byte. `Tests/Peers/check_http.py` gives the same bytes to llhttp and h11; \
    `Tests/Fuzz` starts from them.

    A line of a `.txt` file is one vector: `terms => outcome ; outcome`. A term is a JSON string \
    whose characters are bytes (`"a"*3` repeats it), or the name of a piece (GET, POST, CHUNKED, \
    NEXT). `[RFC and section] title` begins a group, in which `@` gives a template with `_` for \
    the terms, and `=>` the outcomes of lines without their own.

    Written by the test `theTableIsUpToDate` when CRISP_WRITE_VECTOR_TABLE is set.

    | RFC | rule | vectors | refused |
    |---|---|---:|---:|

    """

  static func text(_ groups: [VectorGroup]) -> String {
    let ordered = groups.enumerated().sorted { left, right in
      let order = left.element.section.compare(right.element.section, options: .numeric)
      return order == .orderedSame ? left.offset < right.offset : order == .orderedAscending
    }
    var text = introduction
    for (_, group) in ordered {
      let refused = group.vectors.filter(\.isRefused).count
      text += "| \(group.section) | \(group.title) | \(group.vectors.count) | \(refused) |\n"
    }
    let all = groups.flatMap(\.vectors)
    let sections = Set(groups.map(\.section)).count
    let refused = all.filter(\.isRefused).count
    text += "| \(sections) sections | all | \(all.count) | \(refused) |\n"
    return text
  }
}
