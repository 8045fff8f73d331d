// Moving and pooling the planes of activations.
#ifndef CRISP_PLANES_H
#define CRISP_PLANES_H

#include <stddef.h>
#include <stdint.h>

struct crisp_kernels;

// A plane of images: `height` x `width` cells of `cell` floats, rows `pitch` floats apart.
typedef struct {
  size_t height, width, pitch, cell;
} crisp_plane;

typedef struct {
  size_t kernel_height, kernel_width, stride_height, stride_width, top, left;
} crisp_window;

// The maximum, where padding never wins; the mean over the pixels of the window; the mean where
// padding counts as zeros; the mean of the whole plane (the window does not matter).
typedef enum {
  CRISP_MAXIMUM,
  CRISP_MEAN,
  CRISP_PADDED_MEAN,
  CRISP_GLOBAL_MEAN
} crisp_pooling;

// Pools one plane. `row` is scratch of crisp_pool_scratch floats.
typedef void (*crisp_pool_kernel)(
    crisp_pooling pooling, const float *input, crisp_plane plane, float *output, crisp_plane result,
    crisp_window window, float *row);

size_t crisp_pool_scratch(crisp_plane plane, crisp_plane result, crisp_window window);

// Copies every stride-th cell of every stride-th row, starting at (first_row, first_column), to the
// cells of `result`. Cells whose source lies beyond the plane become zero.
typedef void (*crisp_picking_kernel)(
    const float *input, crisp_plane plane, size_t first_row, size_t first_column,
    size_t stride_height, size_t stride_width, float *output, crisp_plane result);

// Copies every second row of a plane of single floats from `first_row` on, its even columns to one
// plane and its odd ones to another, either of which may be null. Cells whose source lies beyond
// the plane become zero. One float beyond the plane may be read.
typedef void (*crisp_splitting_kernel)(
    const float *input, crisp_plane plane, size_t first_row, float *even, float *odd,
    crisp_plane result);

void crisp_split(
    const struct crisp_kernels *kernels, const float *input, crisp_plane plane, size_t first_row,
    float *even, float *odd, crisp_plane result);

void crisp_pool(
    const struct crisp_kernels *kernels, crisp_pooling pooling, const float *input,
    crisp_plane plane, float *output, crisp_plane result, crisp_window window, float *row);

void crisp_pick_cells(
    const struct crisp_kernels *kernels, const float *input, crisp_plane plane, size_t first_row,
    size_t first_column, size_t stride_height, size_t stride_width, float *output,
    crisp_plane result);

// Copies a plane to the cells of `result` from (top, left) on; all other cells become zero.
void crisp_pad(
    const float *input, crisp_plane plane, size_t top, size_t left, float *output,
    crisp_plane result);

// Spreads one channel of `images` images, `image_stride` floats apart, over a plane whose cells
// hold one float of each image. Lanes beyond `images` become zero.
void crisp_interleave(
    const float *input, size_t image_stride, size_t images, float *output, crisp_plane result);

#endif
