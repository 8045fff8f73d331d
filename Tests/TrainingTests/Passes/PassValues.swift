import CTraining

/// How a pass stores values.
enum PassType: Int32, CaseIterable {
  case f32, bf16

  var code: Int32 { self == .bf16 ? Int32(crisp_bf16) : Int32(crisp_f32) }

  /// Largest relative error of a stored value.
  var rounding: Double { self == .bf16 ? 0x1p-8 : 0 }

  /// The nearest value that can be stored.
  func rounded(_ value: Float) -> Float {
    self == .f32 ? value : Float(upperHalf: nearestBF16(value))
  }
}

extension Float {
  init(upperHalf bits: UInt16) { self.init(bitPattern: UInt32(bits) << 16) }
}

/// Rounding to bfloat16, by comparing distances: to the nearest neighbour, of two equally near ones to
/// the one whose last bit is zero. NaNs become quiet and keep the bits that fit.
func nearestBF16(_ value: Float) -> UInt16 {
  let below = UInt16(truncatingIfNeeded: value.bitPattern >> 16)
  if value.isNaN { return below | 0x40 }
  if value.isInfinite { return below }
  let above = below + 1
  // Behind the largest number lies 2^128, not infinity, where distances are concerned.
  let next = Float(upperHalf: above)
  let farther = next.isInfinite ? 0x1p128 : abs(Double(next))
  let nearer = abs(Double(Float(upperHalf: below)))
  let (down, up) = (abs(Double(value)) - nearer, farther - abs(Double(value)))
  if down == up { return below & 1 == 0 ? below : above }
  return down < up ? below : above
}

/// Values as a pass stores them.
struct PassValues: Equatable {
  let type: PassType
  private(set) var bytes: [UInt8]

  init(_ values: [Float], _ type: PassType) {
    self.type = type
    bytes =
      type == .f32
      ? values.withUnsafeBytes(Array.init)
      : values.map(nearestBF16).withUnsafeBytes(Array.init)
  }

  init(upperHalves bits: [UInt16]) {
    type = .bf16
    bytes = bits.withUnsafeBytes(Array.init)
  }

  /// What a pass is to overwrite: NaNs.
  init(unwritten count: Int, _ type: PassType) {
    self.init([Float](repeating: .nan, count: count), type)
  }

  var upperHalves: [UInt16] { bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) } }

  var floats: [Float] {
    type == .bf16
      ? upperHalves.map { Float(upperHalf: $0) }
      : bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
  }

  mutating func withMutablePointer<Result>(_ body: (UnsafeMutableRawPointer?) -> Result) -> Result {
    bytes.withUnsafeMutableBytes { body($0.baseAddress) }
  }
}

extension PassValues? {
  /// The address of the values, or null.
  func withPointer<Result>(_ body: (UnsafeRawPointer?) -> Result) -> Result {
    guard let self else { return body(nil) }
    return self.bytes.withUnsafeBytes { body($0.baseAddress) }
  }
}
