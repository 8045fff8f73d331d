import Foundation
import FoundationXML

/// An element of a small XML document: name, text and elements within. Attributes and namespaces do
/// not matter in S3's answers.
package struct XMLNode: Equatable {
  package let name: String
  package internal(set) var text = ""
  package internal(set) var children: [XMLNode] = []

  /// The first element of that name within.
  package subscript(name: String) -> XMLNode? { children.first { $0.name == name } }

  /// All elements of that name within.
  package func all(_ name: String) -> [XMLNode] { children.filter { $0.name == name } }

  /// The deepest nesting that is read.
  static let deepest = 16
  /// The most elements that are read: a page of 1000 keys has some 10,000.
  static let most = 50_000

  /// Reads a document; nil for what is none, for what is nested deeper than 16 or has more than 50,000
  /// elements, and for any with a document type, which could define entities.
  package init?(_ document: Data) {
    guard document.range(of: Data("<!".utf8)) == nil else { return nil }
    let parser = XMLParser(data: document)
    parser.shouldResolveExternalEntities = false
    let builder = Builder()
    parser.delegate = builder
    guard parser.parse(), let root = builder.root else { return nil }
    self = root
  }

  init(name: String) { self.name = name }

  private final class Builder: NSObject, XMLParserDelegate {
    private(set) var root: XMLNode?
    private var open: [XMLNode] = []
    private var count = 0

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      count += 1
      guard open.count < XMLNode.deepest, count <= XMLNode.most else {
        open = []
        root = nil
        parser.abortParsing()
        return
      }
      open.append(XMLNode(name: name))
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
      guard let last = open.indices.last else { return }
      open[last].text += text
    }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
      qualifiedName: String?
    ) {
      guard var node = open.popLast() else { return }
      // Only what has no elements within has a text that counts.
      if !node.children.isEmpty { node.text = "" }
      if let last = open.indices.last { open[last].children.append(node) } else { root = node }
    }
  }
}
