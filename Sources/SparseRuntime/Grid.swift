import CKernels
import NeuralGraph

/// How one channel of a batch lies in memory: images below one another, each image's rows below one
/// another, with a gap of zeros after every row and after every image. The gaps are the zero
/// padding of convolutions, shared by neighbours, so a tap is one constant displacement and the
/// positions of a whole batch are contiguous.
///
/// A place in the grid is a cell of one float, or of one float for each of `cell` images that are
/// then interleaved: vectors of 16 images need no gap inside a row and are always aligned.
struct Grid: Hashable {
  /// Lanes of the widest vector; margins and strides are multiples of it.
  static let widestVector = 16

  let height, width: Int
  let rowGap, columnGap: Int
  let cell: Int

  /// Floats from one row to the next.
  var pitch: Int { (width + columnGap) * cell }
  /// Floats from one image (or bundle of `cell` images) to the next.
  var imagePitch: Int { (height + rowGap) * pitch }
  /// Floats before the first position, and after the last: a tap may reach there, and a kernel's
  /// last vector.
  var margin: Int {
    roundedUp(rowGap * pitch + columnGap * cell) + Grid.widestVector
  }

  private func roundedUp(_ count: Int) -> Int {
    (count + Grid.widestVector - 1) / Grid.widestVector * Grid.widestVector
  }

  /// Floats of one channel for `bundles` images. An odd number of cache lines, so that channels
  /// spread over the cache's sets instead of meeting in one.
  func channelStride(_ bundles: Int) -> Int {
    let lines = roundedUp(2 * margin + bundles * imagePitch) / Grid.widestVector
    return (lines | 1) * Grid.widestVector
  }

  /// Floats of a buffer, or nil when it would exceed `limit`. Checked for overflow: sizes come from
  /// files.
  func bufferSize(channels: Int, bundles: Int, limit: Int) -> Int? {
    guard
      let count = Tensor.count(
        of: [channels, bundles + 2, height + rowGap, width + columnGap, cell]),
      count <= limit
    else { return nil }
    let (size, overflow) = channels.multipliedReportingOverflow(by: channelStride(bundles))
    return overflow || size > limit ? nil : size
  }

  /// The plane of one image for the C functions.
  var plane: crisp_plane { crisp_plane(height: height, width: width, pitch: pitch, cell: cell) }

  /// The positions of the first `rows` x `columns` pixels of each image, in as few and long runs as
  /// possible. Runs over gaps need the mask; they do not occur when cells fill whole vectors.
  func runs(bundles: Int, rows: Int, columns: Int, lanes: Int) -> crisp_runs {
    let row = columns * cell
    let image = (rows - 1) * pitch + row
    let all = (bundles - 1) * imagePitch + image
    let batchRun = crisp_runs(
      outer: 1, outer_stride: 0, inner: 1, inner_stride: 0, length: all)
    let imageRuns = crisp_runs(
      outer: bundles, outer_stride: imagePitch, inner: 1, inner_stride: 0, length: image)
    if cell % lanes == 0 {
      if row == pitch { return image == imagePitch ? batchRun : imageRuns }
      return crisp_runs(
        outer: bundles, outer_stride: imagePitch, inner: rows, inner_stride: pitch, length: row)
    }
    // A run's last vector reaches beyond it; it may touch the gap, not the next image, which
    // another thread may have written already.
    let reachesNextImage = imagePitch - image < lanes - 1
    func vectors(_ length: Int) -> Int { (length + lanes - 1) / lanes }
    return reachesNextImage || vectors(all) <= bundles * vectors(image) ? batchRun : imageRuns
  }
}
