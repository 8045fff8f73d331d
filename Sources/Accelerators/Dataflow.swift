/// How a design runs one product, in the terms that cycles and energy follow from.
///
/// Everything is per multiply of the padded product, `rows` x `columns` x positions, or per cycle in which
/// shared memory feeds the elements.
struct Dataflow {
  /// Rows and columns that the machine works through, padded to what it takes at once.
  var rows: Int
  var columns: Int
  /// Share of the padded multiplies that take a place in a cycle.
  var computed: Double
  /// Cycles in which shared memory feeds the elements, as a share of those that all padded multiplies
  /// would take.
  var fed: Double
  /// Share of the padded multiplies that are carried out.
  var multiplied: Double
  /// Sums read and written in register files for each multiply carried out.
  var sumsPerMultiply: Double
  /// Words of inputs that shared memory gives in a cycle.
  var inputWords: Double
  /// Words of weights in a cycle, by the positions for which weights stay in their elements.
  var weightWords: (_ positions: Int) -> Double
  /// Bytes of places and bitmaps in a cycle, by the same.
  var metadataBytes: (_ positions: Int) -> Double
  /// Bits kept beside each weight in its element.
  var placeBits: Double
  /// What a row of weights and a column of activations take in memory.
  var row: StoredVector
  var column: StoredVector
  /// Rows and positions come in multiples of these.
  var rowUnit: Int
  var positionUnit: Int
}

/// A row of weights, or a column of activations, in memory.
struct StoredVector {
  /// Words of 8 or 16 bits.
  var words: Double
  /// Bytes of places or bitmaps, as the buffer is laid out for them.
  var metadata: Double
}
