// Kernels of the sparse runtime. All activations are planes [channel][position] of 32-bit floats
// in which a convolution's tap is a constant displacement, so that every layer is one operation:
//
//   output[row][p] = clamp(bias[row] + sum_k value[row][k] * input[offset[k] + p] + residual[row][p])
//
// for a row group of 1, 2 or 4 rows that share their offsets. Positions lie in vector lanes.
#ifndef CRISP_KERNELS_H
#define CRISP_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// One layer, ready to be multiplied. Offsets and strides are in floats.
typedef struct {
  const float *input;
  // [group][taps], or one list for all groups when offset_stride is 0.
  const int32_t *offsets;
  size_t offset_stride;
  // [group][taps][rows of a group].
  const float *values;
  // [group][rows of a group].
  const float *bias;
  size_t taps;
  float *output;
  size_t output_stride;
  // Added before clamping; null when there is none.
  const float *residual;
  size_t residual_stride;
  // A lane per position: all bits set where the position holds a pixel, none where it is padding,
  // which must stay zero. Null when every position computed holds a pixel.
  const int32_t *mask;
  float lower, upper;
} crisp_layer;

// The positions of a layer: outer x inner runs of `length` floats each; run (o, i) starts at
// o * outer_stride + i * inner_stride.
typedef struct {
  size_t outer, outer_stride;
  size_t inner, inner_stride;
  size_t length;
} crisp_runs;

// Multiplies row groups first_group ..< first_group + groups at one position.
typedef void (*crisp_kernel)(
    const crisp_layer *layer, size_t first_group, size_t groups, size_t position);

// A function of each value on its own.
typedef enum { CRISP_SIGMOID, CRISP_HARD_SIGMOID, CRISP_HARD_SWISH } crisp_activation_kind;

typedef struct {
  crisp_activation_kind kind;
  // Of the hard sigmoid: min(max(slope * x + offset, 0), 1).
  float slope, offset;
} crisp_activation;

// Applies an activation to `count` floats, rounded up to whole vectors. `mask` as in crisp_layer.
typedef void (*crisp_activation_kernel)(
    const crisp_activation *activation, const float *input, const int32_t *mask, float *output,
    size_t count);

// Multiplies `count` floats, rounded up to whole vectors, by factor[i % period]; a period of 0 stands
// for factor[i]. `period` is 0, 1 or a multiple of the widest vector. `mask` as in crisp_layer.
typedef void (*crisp_product_kernel)(
    const float *input, const float *factor, size_t period, const int32_t *mask, float *output,
    size_t count);

// The kernels of one instruction set.
typedef struct {
  const char *name;
  // Floats in one vector.
  size_t lanes;
  // For 1, 2 and 4 rows: how many vectors of positions the widest kernel covers.
  size_t widest[3];
  // For 1, 2 and 4 rows: the kernel for 1, 2, ... vectors.
  const crisp_kernel *kernels[3];
  crisp_activation_kernel activate;
  crisp_product_kernel product;
} crisp_kernels;

// The kernels of an instruction set by name ("scalar", "avx2", "avx512", "neon"), or null where
// this processor or this build has none.
const crisp_kernels *crisp_kernels_named(const char *name);

// Pieces of work that crisp_multiply splits a layer's positions into. `rows` is 1, 2 or 4.
size_t crisp_items(const crisp_kernels *kernels, const crisp_runs *runs, size_t rows);

// Multiplies items first ..< first + count of all items, for a range of row groups.
void crisp_multiply(
    const crisp_kernels *kernels, const crisp_layer *layer, const crisp_runs *runs, size_t rows,
    size_t first, size_t count, size_t first_group, size_t groups);

// Applies an activation to all runs of one channel.
void crisp_activate(
    const crisp_kernels *kernels, const crisp_activation *activation, const float *input,
    const int32_t *mask, float *output, const crisp_runs *runs);

// The product kernel of an instruction set, see crisp_product_kernel.
void crisp_multiply_by(
    const crisp_kernels *kernels, const float *input, const float *factor, size_t period,
    const int32_t *mask, float *output, size_t count);

// A plane of images: `height` x `width` cells of `cell` floats, rows `pitch` floats apart.
typedef struct {
  size_t height, width, pitch, cell;
} crisp_plane;

typedef struct {
  size_t kernel_height, kernel_width, stride_height, stride_width, top, left;
} crisp_window;

// Maximum over a window of one plane; padding never wins. `row` is scratch of
// plane.width * plane.cell floats.
void crisp_max_pool(
    const float *input, crisp_plane plane, float *output, crisp_plane result, crisp_window window,
    float *row);

// Mean over a window of one plane; padding does not count. `row` as above.
void crisp_average_pool(
    const float *input, crisp_plane plane, float *output, crisp_plane result, crisp_window window,
    float *row);

// Mean over a window of one plane; padding counts as zeros. `row` as above.
void crisp_padded_average_pool(
    const float *input, crisp_plane plane, float *output, crisp_plane result, crisp_window window,
    float *row);

// Mean over one plane, for each of its `cell` images.
void crisp_global_average(const float *input, crisp_plane plane, float *output);

// Copies every stride-th cell of every stride-th row, starting at (first_row, first_column), to the
// cells of `result`. Cells whose source lies beyond the plane become zero.
void crisp_pick_cells(
    const float *input, crisp_plane plane, size_t first_row, size_t first_column,
    size_t stride_height, size_t stride_width, float *output, crisp_plane result);

// Copies a plane to the cells of `result` from (top, left) on; all other cells become zero.
void crisp_pad(
    const float *input, crisp_plane plane, size_t top, size_t left, float *output,
    crisp_plane result);

// Spreads one channel of `images` images, `image_stride` floats apart, over a plane whose cells
// hold one float of each image. Lanes beyond `images` become zero.
void crisp_interleave(
    const float *input, size_t image_stride, size_t images, float *output, crisp_plane result);

// Zeroed memory that starts at a cache line, on huge pages where it is large; null when there is none.
void *crisp_allocate(size_t bytes);

// Frees what crisp_allocate returned; null is allowed.
void crisp_free(void *memory);

#endif
