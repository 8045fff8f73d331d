// The kernels of the sparse runtime, one table for each instruction set.
//
// All activations are planes [channel][position] of 32-bit floats in which a convolution's tap is a
// constant displacement, so that every layer is one operation:
//
//   output[row][p] = clamp(bias[row] + sum_k value[row][k] * input[offset[k] + p] + residual[row][p])
//
// for a row group of V = 1, 2 or 4 rows that share their offsets. Positions lie in vector lanes.
#ifndef CRISP_KERNELS_H
#define CRISP_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "crisp_matrix.h"
#include "crisp_planes.h"
#include "crisp_processor.h"
#include "crisp_winograd.h"

// Some taps of some row groups at the neighbouring positions that one kernel covers. Offsets and
// strides are in floats.
typedef struct {
  // The first position; offsets are added to it.
  const float *input;
  // [group][tap], groups `offset_stride` apart: 0 when all read the same.
  const int32_t *offsets;
  size_t offset_stride;
  // [row][tap], rows `value_stride` apart.
  const float *values;
  size_t value_stride;
  size_t taps;
  // Floats to the positions that come next, to be fetched ahead; 0 for none.
  size_t ahead;
  // [row]. Null when earlier taps have left their sums in the output.
  const float *bias;
  float *output;
  size_t output_stride;
  // Whether these are the last taps; the four below then apply.
  int finishes;
  // Added before clamping; null when there is none.
  const float *residual;
  size_t residual_stride;
  // A lane per position: all bits set where the position holds a pixel, none where it is padding,
  // which must stay zero. Null when every position computed holds a pixel.
  const int32_t *mask;
  float lower, upper;
} crisp_stretch;

// Multiplies the row groups of a stretch.
typedef void (*crisp_kernel)(const crisp_stretch *stretch, size_t groups);

// Some tiles of some row groups of one block row, to be written out for the kernels.
typedef struct {
  size_t block_row;
  // Among the kept tiles of the block row.
  size_t first_tile, tiles;
  // Among the row groups of the block row.
  size_t first_group, groups;
  // Floats from one column to the next in a panel of the tiles' columns; 0 to read the input.
  size_t panel_stride;
  // [row][tap] and [group][tap], where a tap is a slot of a tile. Rows and groups are `stride` apart,
  // at least one vector more than there are taps.
  float *values;
  int32_t *offsets;
  size_t stride;
} crisp_selection;

typedef void (*crisp_decoder)(const crisp_matrix *matrix, const crisp_selection *selection);

// Copies `count` columns of `vectors` vectors each to a panel; `offsets` say where they are.
typedef void (*crisp_packer)(
    const float *input, const int32_t *offsets, size_t count, size_t vectors, float *panel,
    size_t panel_stride);

// A function of each value on its own.
typedef enum { CRISP_SIGMOID, CRISP_HARD_SIGMOID, CRISP_HARD_SWISH } crisp_activation_kind;

typedef struct {
  crisp_activation_kind kind;
  // Of the hard sigmoid: min(max(slope * x + offset, 0), 1).
  float slope, offset;
} crisp_activation;

// Applies an activation to `count` floats, rounded up to whole vectors. `mask` as in crisp_stretch.
typedef void (*crisp_activation_kernel)(
    const crisp_activation *activation, const float *input, const int32_t *mask, float *output,
    size_t count);

// Multiplies `count` floats, rounded up to whole vectors, by factor[i % period]; a period of 0 stands
// for factor[i]. `period` is 0, 1 or a multiple of the widest vector. `mask` as in crisp_stretch.
typedef void (*crisp_product_kernel)(
    const float *input, const float *factor, size_t period, const int32_t *mask, float *output,
    size_t count);

// The kernels of one instruction set.
typedef struct crisp_kernels {
  const char *name;
  // Floats in one vector.
  size_t lanes;
  // For 1, 2 and 4 rows: how many vectors of positions the widest kernel covers.
  size_t widest[3];
  // For 1, 2 and 4 rows: the kernel for 1, 2, ... vectors.
  const crisp_kernel *kernels[3];
  crisp_decoder decode;
  crisp_packer pack;
  crisp_depthwise_kernel depthwise, depthwise_strided;
  crisp_dot_kernel dot;
  crisp_activation_kernel activate;
  crisp_product_kernel product;
  crisp_pool_kernel pool;
  crisp_picking_kernel pick;
  crisp_splitting_kernel split;
  crisp_row_kernel take_row;
  crisp_points_kernel to_points;
  crisp_strip_kernel from_points;
  // `steps` rounds of independent multiply-adds in registers; answers the operations done.
  size_t (*peak)(size_t steps);
} crisp_kernels;

// The kernels of an instruction set by name ("scalar", "avx2", "avx512", "neon"), or null where
// this processor or this build has none.
const crisp_kernels *crisp_kernels_named(const char *name);

// Applies an activation to all runs of one channel.
void crisp_activate(
    const crisp_kernels *kernels, const crisp_activation *activation, const float *input,
    const int32_t *mask, float *output, const crisp_runs *runs);

// The product kernel of an instruction set, see crisp_product_kernel.
void crisp_multiply_by(
    const crisp_kernels *kernels, const float *input, const float *factor, size_t period,
    const int32_t *mask, float *output, size_t count);

#endif
