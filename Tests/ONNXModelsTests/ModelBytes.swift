import Foundation

/// A protocol buffer message in the making, so that tests can write what no library would.
struct MessageBytes {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(value & 0x7F) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  mutating func integer(_ field: UInt64, _ value: Int64) {
    varint(field << 3)
    varint(UInt64(bitPattern: value))
  }

  mutating func data(_ field: UInt64, _ data: [UInt8]) {
    varint(field << 3 | 2)
    varint(UInt64(data.count))
    bytes += data
  }

  mutating func text(_ field: UInt64, _ text: String) { data(field, Array(text.utf8)) }

  mutating func message(_ field: UInt64, _ message: MessageBytes) { data(field, message.bytes) }

  init(_ fill: (inout MessageBytes) -> Void) { fill(&self) }
}

/// An ONNX file in the making (field numbers as in onnx.proto): by default an identity convolution
/// over a 1x4x4 image whose only weight is `w`, whose pixels are the scores.
struct ModelBytes {
  var opset: Int64? = 17
  var image: [Int64] = [1, 4, 4]
  var nodes = ModelBytes.convolution()
  var tensors: [MessageBytes] = [ModelBytes.tensor("w", [1, 1, 1, 1], [1])]
  var outputs = ["y"]
  var inputs = ["x"]

  /// The convolution, and its pixels as a list.
  static func convolution(_ attributes: [MessageBytes] = []) -> [MessageBytes] {
    [node("Conv", ["x", "w"], "c", attributes), node("Flatten", ["c"], "y")]
  }

  static func node(
    _ op: String, _ inputs: [String], _ output: String, _ attributes: [MessageBytes] = [],
    domain: String = ""
  ) -> MessageBytes {
    MessageBytes { node in
      for input in inputs { node.text(1, input) }
      node.text(2, output)
      node.text(3, "the_\(op)")
      node.text(4, op)
      for attribute in attributes { node.message(5, attribute) }
      node.text(7, domain)
    }
  }

  static func integers(_ name: String, _ values: [Int64]) -> MessageBytes {
    MessageBytes { attribute in
      attribute.text(1, name)
      for value in values { attribute.integer(8, value) }
      attribute.integer(20, 7)
    }
  }

  static func integer(_ name: String, _ value: Int64) -> MessageBytes {
    MessageBytes { attribute in
      attribute.text(1, name)
      attribute.integer(3, value)
      attribute.integer(20, 2)
    }
  }

  static func text(_ name: String, _ value: String) -> MessageBytes {
    MessageBytes { attribute in
      attribute.text(1, name)
      attribute.text(4, value)
      attribute.integer(20, 3)
    }
  }

  static func raw(_ name: String, _ dims: [Int64], type: Int64, _ raw: [UInt8]) -> MessageBytes {
    MessageBytes { tensor in
      for dim in dims { tensor.integer(1, dim) }
      tensor.integer(2, type)
      tensor.text(8, name)
      tensor.data(9, raw)
    }
  }

  static func tensor(_ name: String, _ dims: [Int64], _ values: [Float]) -> MessageBytes {
    raw(name, dims, type: 1, values.withUnsafeBytes { Array($0) })
  }

  static func tensor(_ name: String, integers values: [Int64]) -> MessageBytes {
    raw(name, [Int64(values.count)], type: 7, values.withUnsafeBytes { Array($0) })
  }

  var data: Data {
    let graph = MessageBytes { graph in
      for node in nodes { graph.message(1, node) }
      for tensor in tensors { graph.message(5, tensor) }
      for input in inputs { graph.message(11, value(input, [1] + image)) }
      for output in outputs { graph.message(12, value(output, [])) }
    }
    let model = MessageBytes { model in
      model.integer(1, 8)
      model.message(7, graph)
      if let opset { model.message(8, MessageBytes { $0.integer(2, opset) }) }
    }
    return Data(model.bytes)
  }

  private func value(_ name: String, _ dims: [Int64]) -> MessageBytes {
    let shape = MessageBytes { shape in
      for dim in dims { shape.message(1, MessageBytes { $0.integer(1, dim) }) }
    }
    let tensorType = MessageBytes { type in
      type.integer(1, 1)
      type.message(2, shape)
    }
    return MessageBytes { info in
      info.text(1, name)
      info.message(2, MessageBytes { $0.message(1, tensorType) })
    }
  }
}
