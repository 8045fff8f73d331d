import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What a parser finds in a chart's file.
final class ParsedDocument: NSObject, XMLParserDelegate {
  struct Element {
    let name: String
    let attributes: [String: String]
    var text = ""
  }

  private(set) var elements: [Element] = []
  private var open: [Int] = []

  /// Fails the test when the file is no well-formed XML.
  init(_ svg: String) throws {
    super.init()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = self
    try #require(parser.parse(), "\(String(describing: parser.parserError))")
  }

  func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }

  var texts: [String] { all("text").map(\.text) }

  func parser(
    _: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(_: XMLParser, foundCharacters text: String) {
    if let current = open.last { elements[current].text += text }
  }

  func parser(
    _: XMLParser, didEndElement: String, namespaceURI: String?, qualifiedName: String?
  ) { open.removeLast() }
}
