// One layer's weights, and their product with activations.
#ifndef CRISP_MATRIX_H
#define CRISP_MATRIX_H

#include <stddef.h>
#include <stdint.h>

struct crisp_kernels;

// A layer's weights: in the hybrid pattern, as they stand in the packed file, or dense.
typedef struct {
  // Output channels, and columns: kernel tap x input channels + input channel.
  size_t outputs, columns;
  // V: rows of a row group. Outputs beyond the last whole group are computed and belong to nobody.
  size_t rows;
  // [output, rounded up to whole row groups].
  const float *bias;
  // Where a column's input begins, in floats: [column, rounded up to whole blocks].
  const int32_t *column_offsets;

  // Dense: [output, rounded up to whole row groups][column]. Null in the hybrid pattern.
  const float *dense;
  // Dense: outputs are in `divisions` equal parts, each with input channels of its own, which begin
  // `division_stride` floats apart.
  size_t divisions, division_stride;

  // Hybrid pattern: side of a block, weights kept of 4, tiles kept in a block row.
  size_t block, keep, kept_tiles;
  // [block row][tile][row][slot], 4, 2 or 1 bytes each, not aligned, and how many there are: floats,
  // halves, or whole numbers that are multiplied with their row's scale.
  const uint8_t *values;
  size_t value_size, value_count;
  // [output, rounded up to whole blocks]. Read where values have one byte.
  const float *scales;
  // [block row][tile].
  const uint16_t *block_columns;
  // [block row][tile][row group][slot], two bits each, and how many bytes that are.
  const uint8_t *positions;
  size_t position_bytes;
  // [block column]: the stride from column to column, 0 where it is not the same for all of them.
  const int32_t *column_strides;
} crisp_matrix;

// The positions of a layer: outer x inner runs of `length` floats each; run (o, i) starts at
// o * outer_stride + i * inner_stride.
typedef struct {
  size_t outer, outer_stride;
  size_t inner, inner_stride;
  size_t length;
} crisp_runs;

// How a layer is computed.
typedef struct {
  // Vectors of positions that the widest kernel covers.
  size_t vectors;
  // Tiles (hybrid) or columns (dense) whose sums are carried in registers at once: their input
  // should fit the first-level cache.
  size_t depth;
  // Whether the columns of these tiles are first copied to a panel, where they are aligned.
  int packs;
  // Kernel widths of positions that are computed before the next weights: their input should fit
  // the second-level cache.
  size_t strip;
  // For a single position of a layer in the hybrid pattern: columns lie in lanes instead of
  // positions. The other numbers do not matter then.
  int dots;
} crisp_plan;

// What a layer reads and writes. Strides are in floats.
typedef struct {
  const float *input;
  float *output;
  size_t output_stride;
  const float *residual;
  size_t residual_stride;
  const int32_t *mask;
  float lower, upper;
  crisp_runs runs;
} crisp_operands;

// Scratch of one thread: see crisp_scratch_sizes.
typedef struct {
  float *values;
  int32_t *offsets;
  float *panel;
} crisp_scratch;

// Elements that a layer needs of each array of the scratch.
typedef struct {
  size_t values, offsets, panel;
} crisp_scratch_sizes;

crisp_scratch_sizes crisp_scratch_needed(
    const struct crisp_kernels *kernels, const crisp_matrix *matrix, const crisp_plan *plan);

// Computes part `part` of `parts` equal parts of a layer. Parts may run at the same time, each with
// its own scratch. The order of every sum is that of the columns, whatever the plan and the parts,
// except that a plan that dots sums in another order.
void crisp_multiply(
    const struct crisp_kernels *kernels, const crisp_matrix *matrix, const crisp_plan *plan,
    const crisp_operands *operands, size_t part, size_t parts, const crisp_scratch *scratch);

// Depthwise convolution of one channel: `rows` rows of `length` positions, `row_stride` floats apart.
// `offsets` are those of a kernel of `height` x `width` taps, 3 x 3 or 5 x 5. An input row is loaded
// once for several output rows, so where there is more than one, kernel rows are `row_stride` apart
// too.
typedef struct {
  const float *input;
  const int32_t *offsets;
  const float *values;
  size_t height, width;
  float bias;
  float *output;
  const float *residual;
  const int32_t *mask;
  float lower, upper;
  size_t rows, row_stride, length;
  // Of a convolution of stride 2 in both directions: floats from one input row to the next. `input`
  // is then where the first window begins, padding included, `offsets` are not read, and any number
  // of rows are computed.
  size_t input_stride;
} crisp_depthwise;

typedef void (*crisp_depthwise_kernel)(const crisp_depthwise *task);

// Sums of products for one position: rows first_row ..< first_row + rows of one block row times a
// vector whose element c belongs to column c; first_row begins a row group. 64 floats beyond the last column can be read.
typedef void (*crisp_dot_kernel)(
    const crisp_matrix *matrix, size_t block_row, size_t first_row, size_t rows,
    const float *gathered, float *sums);

#endif
