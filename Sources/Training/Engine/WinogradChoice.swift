import NeuralGraph

/// When oneDNN's Winograd convolution F(4x4, 3x3) (Lavin and Gray 2016) beats its direct one.
///
/// The choice is computed, not timed: timing would make results depend on the machine's mood, and
/// the same seed has to give the same bytes.
package enum WinogradChoice {
  // In multiply-adds that take the same time, fitted to oneDNN 2.6 on a Zen 4 core over layers of
  // 16 to 512 channels and 4 to 56 pixels: the 36 products of a tile run a little below peak; each
  // of a weight's 36 transformed values costs 45, each of an activation's 15.
  private static let productCost = 1.1
  private static let weightCost = 45.0
  private static let activationCost = 15.0
  /// Not worth its rounding (about 1e-5 of the largest value) below this gain.
  private static let margin = 1.1

  /// Whether forward and both backward passes should use it. All sizes are those of the output.
  package static func isFaster(_ c: Convolution, images: Int, height: Int, width: Int) -> Bool {
    let window = c.window
    let padding = window.padding
    guard c.groups == 1, window.kernelHeight == 3, window.kernelWidth == 3,
      window.strideHeight == 1, window.strideWidth == 1,
      [padding.top, padding.left, padding.bottom, padding.right].allSatisfy({ $0 <= 1 })
    else { return false }
    let (inputs, outputs) = (Double(c.inChannels), Double(c.outChannels))
    let tiles = Double(images) * Double((height + 3) / 4) * Double((width + 3) / 4)
    let direct = 9 * inputs * outputs * Double(images) * Double(height) * Double(width)
    let winograd =
      36
      * (inputs * outputs * (tiles * productCost + weightCost)
        + tiles * (inputs + outputs) * activationCost)
    return winograd * margin < direct
  }
}
