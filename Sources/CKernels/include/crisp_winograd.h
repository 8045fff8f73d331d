// Dense convolutions with fewer multiplications: four rows of the result at a time, by the transform
// of Toom, Cook and Winograd along the columns of the image.
//
// A convolution with r taps that makes m outputs of m + r - 1 inputs needs only m + r - 1
// multiplications when both are seen as polynomials and multiplied at that many points (Winograd,
// "Arithmetic Complexity of Computations", 1980; Lavin and Gray, "Fast Algorithms for Convolutional
// Neural Networks", 2016). It is done along the rows only, since then all work is on whole vectors
// of positions and the rounding error stays small.
#ifndef CRISP_WINOGRAD_H
#define CRISP_WINOGRAD_H

#include <stddef.h>
#include <stdint.h>

#include "crisp_matrix.h"
#include "crisp_planes.h"

struct crisp_kernels;

enum {
  // Rows of the result that are computed together: a strip.
  CRISP_STRIP = 4,
  // Most points of any transform.
  CRISP_MOST_POINTS = 7
};

// A layer and how it is computed. A kernel of stride s is s kernels of stride 1, of every s-th row
// of the kernel and of the input each; likewise for columns.
typedef struct {
  crisp_window window;
  // Of one image of one channel.
  crisp_plane input, result;
  size_t channels, outputs;

  // Vertical taps of the largest of the kernels of stride 1, 3 or 4, and points: three more.
  size_t taps, points;
  // Transformed planes: [kernel row modulo stride][channel][kernel column modulo stride].
  size_t planes;
  // Columns of the matrices: [plane][horizontal tap].
  size_t columns;
  // Strips side by side in a transformed plane, floats from one to the next and between planes.
  size_t strips, pitch, plane_stride;

  // [point][output, rounded up to whole fours][column], see crisp_winograd_weights.
  const float *weights;
  // [output].
  const float *bias;
  // [column]: where its input begins among the transformed planes.
  const int32_t *offsets;
} crisp_winograd_layer;

// What a layer reads and writes. Strides are in floats.
typedef struct {
  // The first pixel of the first image.
  const float *input;
  size_t input_stride, input_image;
  float *output;
  size_t output_stride, output_image;
  // As the output; null when there is none.
  const float *residual;
  size_t residual_stride;
  float lower, upper;
  size_t images;
} crisp_winograd_operands;

// Completes a description whose first five fields are set: everything but the pointers. Leaves
// `points` at 0 where there is no transform for that many taps.
void crisp_winograd_describe(crisp_winograd_layer *layer);

// Transforms weights [output][channel][kernel row][kernel column] in double precision.
void crisp_winograd_weights(
    const crisp_winograd_layer *layer, const float *weights, float *transformed);

// Writes layer->columns offsets.
void crisp_winograd_offsets(const crisp_winograd_layer *layer, int32_t *offsets);

crisp_scratch_sizes crisp_winograd_scratch(const crisp_winograd_layer *layer);

// Computes part `part` of `parts` equal parts of a layer. Every result is the same bits whatever
// the parts.
void crisp_winograd(
    const struct crisp_kernels *kernels, const crisp_winograd_layer *layer,
    const crisp_winograd_operands *operands, size_t part, size_t parts,
    const crisp_scratch *scratch);

// Takes every stride-th cell of a row of `width` cells, `count` cells from cell `first` on, which may
// be negative; those beyond the row, or all where `from` is null, are zeros.
typedef void (*crisp_row_kernel)(
    const float *from, size_t width, ptrdiff_t first, size_t stride, size_t cell, float *to,
    size_t count);

// Transforms `points` rows, `row_stride` floats apart, of `length` floats, rounded up to whole
// vectors, to one row for each point, `point_stride` floats apart.
typedef void (*crisp_points_kernel)(
    size_t points, const float *rows, size_t row_stride, float *output, size_t point_stride,
    size_t length);

// The way back: some rows of one strip of one output.
typedef struct {
  size_t points;
  // One row for each point.
  const float *sums;
  size_t point_stride;
  float bias;
  float *output;
  const float *residual;
  // Of output and residual.
  size_t row_stride;
  float lower, upper;
  // At most CRISP_STRIP, and floats in each; no others are written.
  size_t rows, length;
} crisp_strip;

typedef void (*crisp_strip_kernel)(const crisp_strip *strip);

#endif
