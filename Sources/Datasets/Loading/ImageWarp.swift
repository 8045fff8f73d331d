import Foundation
import Randomness

/// One image's turn and sizes: where each pixel of the result comes from, about the middle.
package struct ImageWarp: Sendable {
  /// Source offset of a step down and of a step to the right: (rows, columns) each.
  package let down: (y: Double, x: Double)
  package let right: (y: Double, x: Double)

  package init(down: (y: Double, x: Double), right: (y: Double, x: Double)) {
    self.down = down
    self.right = right
  }

  package init(_ bounds: Augmentation.Warp, from generator: inout SeededGenerator) {
    func within(_ bound: Double) -> Double { (2 * generator.nextUniform() - 1) * bound }
    let angle = within(bounds.rotation) * Double.pi / 180
    let height = 1 + within(bounds.scale)
    let width = 1 + within(bounds.scale)
    down = (cos(angle) / height, -sin(angle) / height)
    right = (sin(angle) / width, cos(angle) / width)
  }

  /// Resamples one channel of `height` x `width` values bilinearly; beyond the edge is `outside`.
  package func apply(
    to plane: UnsafeMutableBufferPointer<Float>, height: Int, width: Int, outside: Float,
    scratch: inout [Float]
  ) {
    scratch.replaceSubrange(0..<scratch.count, with: plane)
    let (middleY, middleX) = (Double(height - 1) / 2, Double(width - 1) / 2)
    func value(_ y: Int, _ x: Int) -> Float {
      (0..<height).contains(y) && (0..<width).contains(x) ? scratch[y * width + x] : outside
    }
    for y in 0..<height {
      for x in 0..<width {
        let (dy, dx) = (Double(y) - middleY, Double(x) - middleX)
        let sourceY = middleY + dy * down.y + dx * right.y
        let sourceX = middleX + dy * down.x + dx * right.x
        let (top, left) = (sourceY.rounded(.down), sourceX.rounded(.down))
        let (v, u) = (Float(sourceY - top), Float(sourceX - left))
        let (row, column) = (Int(top), Int(left))
        let upper = value(row, column) * (1 - u) + value(row, column + 1) * u
        let lower = value(row + 1, column) * (1 - u) + value(row + 1, column + 1) * u
        plane[y * width + x] = upper * (1 - v) + lower * v
      }
    }
  }
}
