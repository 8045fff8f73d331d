import ArgumentParser
import ModelFormats

/// The option of commands that can print JSON.
package struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON document instead of text.")
  package var json = false

  /// Text.
  package init() {}

  /// Prints `value` as JSON when asked for, else the text.
  package func print(_ value: some Encodable, text: () -> String) throws {
    guard json else { return Swift.print(text()) }
    Swift.print(String(decoding: try CanonicalJSON.indented(value), as: UTF8.self))
  }
}
