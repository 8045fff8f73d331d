/// A value on its way to JSON: what `Encodable` values put together, in the order they do it.
final class JSONNode {
  private enum Content {
    case value(JSONValue)
    /// JSON text as it is: numbers that `JSONValue` has no place for.
    case text(String)
    case array([JSONNode])
    case object([(name: String, node: JSONNode)])
  }

  private var content = Content.object([])

  private init() {}

  init(encoding value: some Encodable) throws {
    if let value = value as? JSONValue {
      content = .value(value)
    } else if let value = value as? JSONText {
      content = .text(value.text)
    } else {
      try value.encode(to: TreeEncoder(node: self))
    }
  }

  func write(to text: inout [UInt8]) {
    switch content {
    case .value(let value): JSONWriting.write(value, to: &text)
    case .text(let value): text.append(contentsOf: value.utf8)
    case .array(let nodes):
      text.append(UInt8(ascii: "["))
      for (index, node) in nodes.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        node.write(to: &text)
      }
      text.append(UInt8(ascii: "]"))
    case .object(let members):
      text.append(UInt8(ascii: "{"))
      for (index, member) in members.sorted(by: { $0.name.precedes($1.name) }).enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        JSONWriting.write(member.name, to: &text)
        text.append(UInt8(ascii: ":"))
        member.node.write(to: &text)
      }
      text.append(UInt8(ascii: "}"))
    }
  }

  // MARK: Putting together

  fileprivate func becomeObject() {
    guard case .object = content else {
      content = .object([])
      return
    }
  }

  fileprivate func becomeArray() { content = .array([]) }

  fileprivate var count: Int { if case .array(let nodes) = content { nodes.count } else { 0 } }

  fileprivate func add(_ node: JSONNode) {
    guard case .array(var nodes) = content else { return }
    content = .array([])
    nodes.append(node)
    content = .array(nodes)
  }

  fileprivate func add(_ name: String, _ node: JSONNode) {
    guard case .object(var members) = content else { return }
    content = .object([])
    members.append((name, node))
    content = .object(members)
  }

  fileprivate static var empty: JSONNode { JSONNode() }

  fileprivate func set(_ value: JSONValue) { content = .value(value) }

  fileprivate func set(_ integer: some BinaryInteger) { content = .text(String(integer)) }

  fileprivate func set(_ number: Double, _ path: [any CodingKey]) throws {
    guard let text = JSONWriting.number(number) else {
      throw EncodingError.invalidValue(
        number, .init(codingPath: path, debugDescription: "JSON has no such number"))
    }
    content = .text(text)
  }
}

private struct TreeEncoder: Encoder {
  let node: JSONNode
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy _: Key.Type) -> KeyedEncodingContainer<Key> {
    node.becomeObject()
    return KeyedEncodingContainer(Members(node: node))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    node.becomeArray()
    return Elements(node: node)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Single(node: node) }
}

private struct Single: SingleValueEncodingContainer {
  let node: JSONNode
  var codingPath: [any CodingKey] { [] }

  mutating func encodeNil() { node.set(.null) }
  mutating func encode(_ value: Bool) { node.set(.bool(value)) }
  mutating func encode(_ value: String) { node.set(.string(value)) }
  mutating func encode(_ value: Double) throws { try node.set(value, codingPath) }
  mutating func encode(_ value: Float) throws {
    guard value.isFinite else { return try node.set(Double(value), codingPath) }
    // A float's own shortest text, not that of the double it is.
    try node.set(Double(value.description) ?? Double(value), codingPath)
  }
  mutating func encode(_ value: Int) { node.set(value) }
  mutating func encode(_ value: Int8) { node.set(value) }
  mutating func encode(_ value: Int16) { node.set(value) }
  mutating func encode(_ value: Int32) { node.set(value) }
  mutating func encode(_ value: Int64) { node.set(value) }
  mutating func encode(_ value: UInt) { node.set(value) }
  mutating func encode(_ value: UInt8) { node.set(value) }
  mutating func encode(_ value: UInt16) { node.set(value) }
  mutating func encode(_ value: UInt32) { node.set(value) }
  mutating func encode(_ value: UInt64) { node.set(value) }
  mutating func encode(_ value: some Encodable) throws {
    if let value = value as? JSONValue {
      node.set(value)
    } else {
      try value.encode(to: TreeEncoder(node: node))
    }
  }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: JSONNode
  var codingPath: [any CodingKey] { [] }

  mutating func encodeNil(forKey key: Key) {
    let child = JSONNode.empty
    child.set(.null)
    node.add(key.stringValue, child)
  }

  mutating func encode(_ value: some Encodable, forKey key: Key) throws {
    node.add(key.stringValue, try JSONNode(encoding: value))
  }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy keyType: NestedKey.Type, forKey key: Key
  ) -> KeyedEncodingContainer<NestedKey> {
    let child = JSONNode.empty
    node.add(key.stringValue, child)
    return TreeEncoder(node: child).container(keyedBy: keyType)
  }

  mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    let child = JSONNode.empty
    node.add(key.stringValue, child)
    return TreeEncoder(node: child).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { TreeEncoder(node: node) }
  mutating func superEncoder(forKey key: Key) -> any Encoder {
    let child = JSONNode.empty
    node.add(key.stringValue, child)
    return TreeEncoder(node: child)
  }
}

private struct Elements: UnkeyedEncodingContainer {
  let node: JSONNode
  var codingPath: [any CodingKey] { [] }
  var count: Int { node.count }

  mutating func encodeNil() { _ = add { $0.set(.null) } }

  mutating func encode(_ value: some Encodable) throws { node.add(try JSONNode(encoding: value)) }

  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy keyType: NestedKey.Type
  ) -> KeyedEncodingContainer<NestedKey> {
    TreeEncoder(node: add { _ in }).container(keyedBy: keyType)
  }

  mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    TreeEncoder(node: add { _ in }).unkeyedContainer()
  }

  mutating func superEncoder() -> any Encoder { TreeEncoder(node: add { _ in }) }

  private func add(_ fill: (JSONNode) -> Void) -> JSONNode {
    let child = JSONNode.empty
    fill(child)
    node.add(child)
    return child
  }
}
