extension Graph {
  /// Throws at the first weight that no network can compute with: a number that is infinite or none
  /// at all, or batch norm's variance below zero, whose root is none. What such a network answers
  /// looks like an answer wherever a rectifier makes a zero of it, so every door asks this.
  /// - Parameter weights: by name; those that are missing are not looked at.
  public func validateValues(_ weights: Weights) throws(GraphError) {
    for node in nodes {
      for parameter in node.parameters {
        guard let values = weights[parameter.name]?.values else { continue }
        if let index = values.firstThatIsNotFinite {
          throw .weightNotFinite(name: parameter.name, value: "\(values[index])", index: index)
        }
        if case .batchNorm = node.operation, parameter.name == node.varianceName,
          let index = values.firstIndex(where: { $0 < 0 })
        {
          throw .negativeVariance(name: parameter.name, value: values[index], index: index)
        }
      }
    }
  }
}

extension [Float] {
  /// The position of the first infinity or NaN, nil when there is none.
  package var firstThatIsNotFinite: Int? {
    withUnsafeBytes(\.holdsFloatsThatAreNotFinite) ? firstIndex { !$0.isFinite } : nil
  }
}

extension UnsafeRawBufferPointer {
  // Of one type each, so that other modules call compiled loops: files have many millions of numbers.

  /// Whether one of these 32-bit floats is infinite or none.
  package var holdsFloatsThatAreNotFinite: Bool {
    holdsNumbersThatAreNotFinite(exponent: 0x7F80_0000, as: UInt32.self)
  }

  /// Whether one of these 16-bit floats is infinite or none.
  package var holdsHalvesThatAreNotFinite: Bool {
    holdsNumbersThatAreNotFinite(exponent: 0x7C00, as: UInt16.self)
  }

  /// Whether one of the numbers has all bits of its exponent set, as infinities and NaN have (IEEE
  /// 754, 3.4): one maximum over all of them.
  private func holdsNumbersThatAreNotFinite<Bits: FixedWidthInteger & UnsignedInteger>(
    exponent: Bits, as _: Bits.Type
  ) -> Bool {
    var largest: Bits = 0
    let size = MemoryLayout<Bits>.size
    for index in 0..<count / size {
      let bits = loadUnaligned(fromByteOffset: index &* size, as: Bits.self)
      largest = Swift.max(largest, bits & exponent)
    }
    return largest == exponent
  }
}
