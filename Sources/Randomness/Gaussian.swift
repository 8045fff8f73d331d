#if canImport(Glibc)
  import Glibc
#else
  import Foundation
#endif

extension SeededGenerator {
  /// One draw of the standard normal distribution (Box–Muller; the second value is not kept, so
  /// that the state is the generator's alone).
  public mutating func nextGaussian() -> Double {
    let radius = (-2 * log(1 - nextUniform())).squareRoot()
    return radius * cos(2 * Double.pi * nextUniform())
  }
}
