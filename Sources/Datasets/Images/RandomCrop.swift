import Foundation
import Randomness

/// A part of a picture in its own pixels.
package struct PictureRegion: Hashable {
  package let x, y, width, height: Int

  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }
}

/// Draws the part of a picture that a random resized crop keeps, as torchvision's
/// `RandomResizedCrop` defines it: an area of `smallest`…1 of the picture's, sides in a ratio of
/// 3/4…4/3, both drawn anew up to ten times until they fit; else the largest central part whose
/// sides are in such a ratio.
package struct RandomCrop {
  package let smallest: Double
  private static let ratios = (lowest: 3.0 / 4, highest: 4.0 / 3)

  package init(smallest: Double) { self.smallest = smallest }

  package func region(width: Int, height: Int, seed: UInt64) -> PictureRegion {
    var generator = SeededGenerator(seed: seed)
    let (lowest, highest) = Self.ratios
    for _ in 0..<10 {
      let share = smallest + (1 - smallest) * generator.nextUniform()
      let area = Double(width) * Double(height) * share
      let ratio = exp(log(lowest) + (log(highest) - log(lowest)) * generator.nextUniform())
      let w = Int((area * ratio).squareRoot().rounded())
      let h = Int((area / ratio).squareRoot().rounded())
      guard w > 0, h > 0, w <= width, h <= height else { continue }
      return PictureRegion(
        x: generator.nextIndex(below: width - w + 1), y: generator.nextIndex(below: height - h + 1),
        width: w, height: h)
    }
    let ratio = Double(width) / Double(height)
    var w = width
    var h = height
    if ratio < lowest {
      h = min(height, max(1, Int((Double(width) / lowest).rounded())))
    } else if ratio > highest {
      w = min(width, max(1, Int((Double(height) * highest).rounded())))
    }
    return PictureRegion(x: (width - w) / 2, y: (height - h) / 2, width: w, height: h)
  }
}
