import Foundation
import HTTPServer
import Inputs
import NeuralGraph

/// `{"tensor": …}`: all numbers in a row, or rows in channels as numpy's `tolist()` writes them. Or
/// `{"image": "…"}`: a picture's bytes in base64 (RFC 4648 §4), also as a `data:` URL.
///
/// Numbers are counted while they are read, so that a body with too many is refused at the first
/// that is.
struct PredictionJSON {
  /// What such a body holds.
  enum Content {
    /// The numbers in the order of the network's input.
    case tensor([Float])
    /// A picture's bytes.
    case picture([UInt8])
  }

  private static let field = "tensor"
  private static let pictureField = "image"
  /// The body, and the tensor in channels of rows.
  private static let limits = JSONLimits(depth: 4)

  private let shape: ActivationShape
  private var reader: JSONReader
  private var values: [Float] = []

  /// Throws a problem, 400 for what is not JSON, 422 unless there are as many numbers as `shape` says, all
  /// of them finite, or base64.
  static func content(of body: [UInt8], shape: ActivationShape) throws -> Content {
    guard !body.isEmpty else { throw JSONBody.empty }
    var json = PredictionJSON(shape: shape, reader: JSONReader(body, limits: limits))
    do {
      return try json.read()
    } catch let fault as JSONFault {
      throw JSONBody.malformed(fault, in: body)
    }
  }

  private init(shape: ActivationShape, reader: JSONReader) {
    self.shape = shape
    self.reader = reader
  }

  private mutating func read() throws -> Content {
    guard try reader.kind() == .object else {
      throw JSONBody.invalid("the body must be a JSON object", param: nil)
    }
    var found: (name: String, content: Content)?
    try reader.beginObject()
    while let name = try reader.nextName() {
      guard [Self.field, Self.pictureField].contains(name) else {
        throw JSONBody.unknownField(name, known: [Self.pictureField, Self.field])
      }
      if let found {
        guard found.name != name else {
          throw reader.fault("this name appears twice", at: reader.nameOffset)
        }
        throw JSONBody.invalid(
          "cannot be given beside '\(found.name)'; give one of them", param: name)
      }
      if name == Self.field {
        try readTensor()
        found = (name, .tensor(values))
      } else {
        found = (name, .picture(try readPicture()))
      }
    }
    try reader.end()
    guard let found else {
      throw JSONBody.invalid(
        "is needed, or '\(Self.pictureField)'", param: Self.field, code: "missing_field")
    }
    return found.content
  }

  /// Python's `encodebytes` breaks lines; browsers' `readAsDataURL` puts the type in front (RFC 2397).
  private mutating func readPicture() throws -> [UInt8] {
    guard try reader.kind() == .string else {
      throw wrongType("a string", [], of: Self.pictureField)
    }
    var text = Array(try reader.string().utf8)[...]
    if text.starts(with: "data:".utf8) {
      guard let comma = text.firstIndex(of: UInt8(ascii: ",")),
        text[..<comma].suffix(7).elementsEqual(";base64".utf8)
      else {
        throw JSONBody.invalid(
          "must be base64, as in 'data:image/png;base64,…'", param: Self.pictureField)
      }
      text = text[(comma + 1)...]
    }
    let spaces = Set(" \r\n".utf8)
    guard let bytes = Data(base64Encoded: Data(text.filter { !spaces.contains($0) })) else {
      throw JSONBody.invalid("must be a picture's bytes in base64", param: Self.pictureField)
    }
    return Array(bytes)
  }

  private mutating func readTensor() throws {
    values.reserveCapacity(shape.count)
    try begin(at: [])
    guard try reader.hasElement() else { throw mismatch("nothing") }
    // The first element tells which of the two forms it is.
    guard try reader.kind() == .array else {
      try readNumbers(shape.count, at: [], isStarted: true) { count in
        count.map(String.init) ?? "more"
      }
      return
    }
    for channel in 0... {
      if channel > 0 {
        guard try reader.hasElement() else {
          guard channel == shape.channels else { throw mismatch("\(channel) channels") }
          return
        }
      }
      guard channel < shape.channels else {
        throw mismatch("more than \(shape.channels) channels")
      }
      try begin(at: [channel])
      var row = 0
      while try reader.hasElement() {
        guard row < shape.height else {
          throw mismatch("more than \(shape.height) rows in channel \(channel)")
        }
        let place = [channel, row]
        try begin(at: place)
        try readNumbers(shape.width, at: place, isStarted: false) { [row] count in
          "\(count.map(String.init) ?? "more") in row \(row) of channel \(channel)"
        }
        row += 1
      }
      guard row == shape.height else { throw mismatch("\(row) rows in channel \(channel)") }
    }
  }

  /// Exactly `count` numbers up to the end of an array. `found` says how many there are instead; nil
  /// is more.
  private mutating func readNumbers(
    _ count: Int, at place: [Int], isStarted: Bool, found: (Int?) -> String
  ) throws {
    var index = 0
    var isThere = try isStarted || reader.hasElement()
    while isThere {
      guard index < count else { throw mismatch(found(nil)) }
      guard try reader.kind() == .number else { throw wrongType("a number", place + [index]) }
      let number = try reader.number().double
      let value = Float(number)
      // A double may be too large for what the network computes with.
      guard value.isFinite else {
        throw JSONBody.invalid(
          "holds \(number) at position \(values.count), which is too large for a 32-bit number",
          param: Self.field)
      }
      values.append(value)
      index += 1
      isThere = try reader.hasElement()
    }
    guard index == count else { throw mismatch(found(index)) }
  }

  private mutating func begin(at place: [Int]) throws {
    guard try reader.kind() == .array else { throw wrongType("an array", place) }
    try reader.beginArray()
  }

  private func wrongType(
    _ expected: String, _ place: [Int], of field: String = PredictionJSON.field
  ) -> ProblemDetails {
    JSONBody.invalid(
      "must be \(expected)",
      param: ([field] + place.map(String.init)).joined(separator: "."))
  }

  private func mismatch(_ found: String) -> ProblemDetails {
    ProblemDetails(
      .unprocessableContent, code: "tensor_shape",
      detail: "'\(Self.field)' must hold \(shape.count) numbers, in a row or as channels of rows, "
        + "\(shape.channels)x\(shape.height)x\(shape.width); it holds \(found)",
      param: Self.field,
      extensions: [
        "shape": .array(
          [shape.channels, shape.height, shape.width].map { .integer(Int64($0)) })
      ])
  }
}
