/// How pixels of 8 bits become numbers: looked up, so that every program that feeds a network gets the
/// same bits.
public enum PixelTable {
  /// (pixel / 255 − mean) / deviation of all 256 values of one channel.
  /// - Parameters:
  ///   - mean: of the channel's values scaled to 0…1.
  ///   - standardDeviation: of the same, more than 0.
  public static func values(mean: Float, standardDeviation: Float) -> [Float] {
    (0..<256).map { (Float($0) / 255 - mean) / standardDeviation }
  }
}
