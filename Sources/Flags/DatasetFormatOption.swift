import ArgumentParser
import Datasets

extension DatasetFormat: ExpressibleByArgument {}

/// What every option for the form of a data set says of it.
package enum DatasetFormatHelp {
  /// - Parameter what: What is read, as a command's user calls it.
  package static func text(_ what: String) -> ArgumentHelp {
    ArgumentHelp(
      "How \(what) is read (default: recognised by the content).",
      discussion: """
        On request only: nested-folder also takes pictures in folders within class folders; npz-nchw is \
        for arrays with channels before rows, npz-unit for floats in 0…1.
        """)
  }
}
