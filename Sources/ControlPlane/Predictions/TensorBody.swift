import HTTPServer
import NeuralGraph

/// `{"tensor": …}`: all numbers in a row, or rows in channels as numpy's `tolist()` writes them.
/// Decoded apart from `JSONValue`, which takes a microsecond or more for each number.
struct TensorBody: Decodable {
  private enum Numbers: Decodable {
    case flat([Double])
    case nested([[[Double]]])

    init(from decoder: any Decoder) throws {
      var elements = try decoder.unkeyedContainer()
      // Only the first element tells, so that an error names the place it is at.
      let isNested = (try? elements.nestedUnkeyedContainer()) != nil
      let container = try decoder.singleValueContainer()
      self =
        isNested
        ? .nested(try container.decode([[[Double]]].self))
        : .flat(try container.decode([Double].self))
    }
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private static let field = "tensor"
  private let numbers: Numbers
  private let unknown: String?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    unknown = container.allKeys.map(\.stringValue).sorted().first { $0 != Self.field }
    numbers = try container.decode(Numbers.self, forKey: Key(stringValue: Self.field))
  }

  /// The numbers in the order of the network's input. Throws a problem, 422, unless there are as
  /// many as `shape` says, all of them finite.
  func values(of shape: ActivationShape) throws -> [Float] {
    if let unknown { throw JSONBody.unknownField(unknown, known: [Self.field]) }
    let flat = try flattened(shape)
    let values = flat.map { Float($0) }
    // A double may be too large for what the network computes with.
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw JSONBody.invalid(
        "holds \(flat[index]) at position \(index), which is no finite 32-bit number",
        param: Self.field)
    }
    return values
  }

  private func flattened(_ shape: ActivationShape) throws -> [Double] {
    switch numbers {
    case .flat(let numbers):
      guard numbers.count == shape.count else { throw mismatch(shape, "\(numbers.count)") }
      return numbers
    case .nested(let channels):
      guard channels.count == shape.channels else {
        throw mismatch(shape, "\(channels.count) channels")
      }
      for (channel, rows) in channels.enumerated() {
        guard rows.count == shape.height else {
          throw mismatch(shape, "\(rows.count) rows in channel \(channel)")
        }
        for (row, columns) in rows.enumerated() where columns.count != shape.width {
          throw mismatch(shape, "\(columns.count) in row \(row) of channel \(channel)")
        }
      }
      return channels.flatMap { $0.flatMap { $0 } }
    }
  }

  private func mismatch(_ shape: ActivationShape, _ found: String) -> ProblemDetails {
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
