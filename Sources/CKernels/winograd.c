// Which rows are transformed, multiplied and transformed back, in which order.
#include <string.h>

#include "crisp_kernels.h"
#include "winograd_points.h"

enum {
  // Floats of a cache line.
  LINE = 16,
  // Floats of positions that a transformed plane should have: whole vectors, and wide kernels.
  POSITIONS = 128,
  // Outputs whose values at all points are kept in the first-level cache, in whole row groups.
  BLOCK = 8,
  // Floats of input that stay in the first-level cache for the row groups of a block.
  NEAR = 6144,
};

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static size_t divided_up(size_t count, size_t by) { return (count + by - 1) / by; }

// At least that many floats, in an odd number of lines, so that rows spread over the cache's sets.
static size_t odd_lines(size_t floats) { return (divided_up(floats, LINE) | 1) * LINE; }

// Every `stride`-th of `kernel` taps from `first` on.
static size_t taps_from(size_t first, size_t kernel, size_t stride) {
  return first < kernel ? (kernel - first + stride - 1) / stride : 0;
}

static size_t row_classes(const crisp_winograd_layer *layer) {
  return smaller(layer->window.stride_height, layer->window.kernel_height);
}

static size_t column_classes(const crisp_winograd_layer *layer) {
  return smaller(layer->window.stride_width, layer->window.kernel_width);
}

// Cells of a transformed row: a result's row and as many more as taps reach.
static size_t cells(const crisp_winograd_layer *layer) {
  const crisp_window *window = &layer->window;
  return layer->result.width + taps_from(0, window->kernel_width, window->stride_width) - 1;
}

static size_t strips_of_image(const crisp_winograd_layer *layer) {
  return divided_up(layer->result.height, CRISP_STRIP);
}

void crisp_winograd_describe(crisp_winograd_layer *layer) {
  const crisp_window *window = &layer->window;
  layer->taps = taps_from(0, window->kernel_height, window->stride_height);
  layer->points = 0;
  if (layer->taps != 3 && layer->taps != 4) return;
  layer->points = layer->taps + CRISP_STRIP - 1;
  layer->planes = row_classes(layer) * layer->channels * column_classes(layer);
  layer->columns = row_classes(layer) * layer->channels * window->kernel_width;
  layer->pitch = cells(layer) * layer->result.cell;
  layer->strips = POSITIONS / layer->pitch;
  if (layer->strips < 1) layer->strips = 1;
  layer->strips = smaller(layer->strips, strips_of_image(layer));
  // The kernels' last vector may lie beyond the last position, and taps displace it.
  layer->plane_stride = odd_lines(layer->strips * layer->pitch + 2 * LINE);
}

static size_t padded_outputs(const crisp_winograd_layer *layer) {
  return divided_up(layer->outputs, 4) * 4;
}

// The transform of the taps at each point: their polynomial's value over the product of distances to
// the other finite points, or the last tap.
static void tap_factors(size_t taps, double factors[CRISP_MOST_POINTS][4]) {
  const size_t pairs = taps == 4 ? 3 : 2, finite = taps + CRISP_STRIP - 2;
  double points[CRISP_MOST_POINTS] = {0};
  for (size_t i = 0; i < pairs; i++) {
    points[2 * i] = taps == 4 ? points_of_four_taps[i] : points_of_three_taps[i];
    points[2 * i + 1] = -points[2 * i];
  }
  for (size_t i = 0; i < finite; i++) {
    double product = 1;
    for (size_t k = 0; k < finite; k++)
      if (k != i) product *= points[i] - points[k];
    double power = 1 / product;
    for (size_t t = 0; t < taps; t++, power *= points[i]) factors[i][t] = power;
  }
  for (size_t t = 0; t < taps; t++) factors[finite][t] = t + 1 == taps;
}

void crisp_winograd_weights(
    const crisp_winograd_layer *layer, const float *weights, float *transformed) {
  const size_t height = layer->window.kernel_height, width = layer->window.kernel_width;
  const size_t stride_height = layer->window.stride_height;
  const size_t stride_width = layer->window.stride_width;
  double factors[CRISP_MOST_POINTS][4];
  tap_factors(layer->taps, factors);
  const size_t point_stride = padded_outputs(layer) * layer->columns;
  memset(transformed, 0, layer->points * point_stride * sizeof(float));
  for (size_t o = 0; o < layer->outputs; o++) {
    float *to = transformed + o * layer->columns;
    for (size_t r = 0; r < row_classes(layer); r++) {
      for (size_t c = 0; c < layer->channels; c++) {
        const float *kernel = weights + (o * layer->channels + c) * height * width;
        for (size_t first = 0; first < column_classes(layer); first++) {
          for (size_t x = first; x < width; x += stride_width, to++) {
            for (size_t p = 0; p < layer->points; p++) {
              double sum = 0;
              for (size_t y = r, t = 0; y < height; y += stride_height, t++)
                sum += factors[p][t] * (double)kernel[y * width + x];
              to[p * point_stride] = (float)sum;
            }
          }
        }
      }
    }
  }
}

void crisp_winograd_offsets(const crisp_winograd_layer *layer, int32_t *offsets) {
  const crisp_window *window = &layer->window;
  const size_t classes = column_classes(layer);
  for (size_t plane = 0; plane < layer->planes; plane++) {
    const size_t taps = taps_from(plane % classes, window->kernel_width, window->stride_width);
    for (size_t t = 0; t < taps; t++)
      *offsets++ = (int32_t)(plane * layer->plane_stride + t * layer->result.cell);
  }
}

// Floats of a row of values at one point.
static size_t sums_stride(const crisp_winograd_layer *layer) {
  return odd_lines(layer->strips * layer->pitch);
}

static size_t taken_stride(const crisp_winograd_layer *layer) { return odd_lines(layer->pitch); }

crisp_scratch_sizes crisp_winograd_scratch(const crisp_winograd_layer *layer) {
  return (crisp_scratch_sizes){
      .values = layer->points * (BLOCK * sums_stride(layer) + taken_stride(layer)),
      .panel = layer->points * layer->planes * layer->plane_stride,
  };
}

// Some strips of one image.
typedef struct {
  size_t image, first, count;
} strips;

static void transform_input(
    const crisp_kernels *kernels, const crisp_winograd_layer *layer,
    const crisp_winograd_operands *operands, strips strips, float *taken, float *planes) {
  const crisp_window *window = &layer->window;
  const size_t stride = taken_stride(layer);
  for (size_t r = 0; r < row_classes(layer); r++) {
    for (size_t c = 0; c < layer->channels; c++) {
      const float *channel =
          operands->input + strips.image * operands->input_image + c * operands->input_stride;
      for (size_t x = 0; x < column_classes(layer); x++, planes += layer->plane_stride) {
        for (size_t s = 0; s < strips.count; s++) {
          for (size_t p = 0; p < layer->points; p++) {
            // Below zero it wraps around, to far beyond the image.
            const size_t row =
                ((strips.first + s) * CRISP_STRIP + p) * window->stride_height + r - window->top;
            kernels->take_row(
                row < layer->input.height ? channel + row * layer->input.pitch : 0,
                layer->input.width, (ptrdiff_t)x - (ptrdiff_t)window->left, window->stride_width,
                layer->input.cell, taken + p * stride, cells(layer));
          }
          kernels->to_points(
              layer->points, taken, stride, planes + s * layer->pitch,
              layer->planes * layer->plane_stride, layer->pitch);
        }
      }
    }
  }
}

// The products of `groups` row groups at all points.
static void multiply_points(
    const crisp_kernels *kernels, const crisp_winograd_layer *layer, size_t positions, size_t row,
    size_t groups, const float *planes, float *sums) {
  static const float no_bias[BLOCK] = {0};
  const size_t vectors = divided_up(positions, kernels->lanes);
  const size_t pieces = divided_up(vectors, kernels->widest[2]);
  const size_t row_stride = sums_stride(layer);
  crisp_stretch stretch = {.value_stride = layer->columns, .output_stride = row_stride};
  for (size_t p = 0; p < layer->points; p++) {
    const float *input = planes + p * layer->planes * layer->plane_stride;
    const float *values = layer->weights + (p * padded_outputs(layer) + row) * layer->columns;
    for (size_t piece = 0; piece < pieces; piece++) {
      const size_t begin = piece * vectors / pieces, end = (piece + 1) * vectors / pieces;
      stretch.input = input + begin * kernels->lanes;
      stretch.output = sums + p * BLOCK * row_stride + begin * kernels->lanes;
      const size_t depth = NEAR / ((end - begin) * kernels->lanes);
      for (size_t column = 0; column < layer->columns; column += depth) {
        stretch.taps = smaller(depth, layer->columns - column);
        stretch.offsets = layer->offsets + column;
        stretch.values = values + column;
        stretch.bias = column ? 0 : no_bias;
        kernels->kernels[2][end - begin - 1](&stretch, groups);
      }
    }
  }
}

static void finish(
    const crisp_kernels *kernels, const crisp_winograd_layer *layer,
    const crisp_winograd_operands *operands, strips strips, size_t row, size_t rows,
    const float *sums) {
  const size_t stride = sums_stride(layer), pitch = layer->result.pitch;
  crisp_strip strip = {
      .points = layer->points,
      .point_stride = BLOCK * stride,
      .row_stride = pitch,
      .lower = operands->lower,
      .upper = operands->upper,
      .length = layer->result.width * layer->result.cell,
  };
  for (size_t r = 0; r < rows; r++) {
    strip.bias = layer->bias[row + r];
    for (size_t s = 0; s < strips.count; s++) {
      const size_t y = (strips.first + s) * CRISP_STRIP;
      const size_t at = strips.image * operands->output_image + y * pitch;
      strip.sums = sums + r * stride + s * layer->pitch;
      strip.output = operands->output + (row + r) * operands->output_stride + at;
      if (operands->residual)
        strip.residual = operands->residual + (row + r) * operands->residual_stride + at;
      strip.rows = smaller(CRISP_STRIP, layer->result.height - y);
      kernels->from_points(&strip);
    }
  }
}

void crisp_winograd(
    const crisp_kernels *kernels, const crisp_winograd_layer *layer,
    const crisp_winograd_operands *operands, size_t part, size_t parts,
    const crisp_scratch *scratch) {
  const size_t in_image = strips_of_image(layer), all = in_image * operands->images;
  const size_t end = (part + 1) * all / parts;
  float *sums = scratch->values;
  float *taken = sums + layer->points * BLOCK * sums_stride(layer);
  for (size_t strip = part * all / parts; strip < end;) {
    strips strips = {.image = strip / in_image, .first = strip % in_image};
    strips.count = smaller(layer->strips, smaller(in_image - strips.first, end - strip));
    transform_input(kernels, layer, operands, strips, taken, scratch->panel);
    const size_t positions =
        (strips.count - 1) * layer->pitch + layer->result.width * layer->result.cell;
    for (size_t row = 0; row < layer->outputs; row += BLOCK) {
      const size_t rows = smaller(BLOCK, layer->outputs - row);
      multiply_points(
          kernels, layer, positions, row, divided_up(rows, 4), scratch->panel, sums);
      finish(kernels, layer, operands, strips, row, rows, sums);
    }
    strip += strips.count;
  }
}
