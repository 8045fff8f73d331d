// Every stretch kernel, and what prepares its input, on its own.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

typedef struct {
  size_t rows, vectors, groups, taps;
} stretch_shape;

static void check_stretch(const crisp_kernels *kernels, stretch_shape shape) {
  const size_t lanes = kernels->lanes, span = shape.vectors * lanes;
  const size_t outputs = shape.rows * shape.groups;
  const int shares = below(3) == 0, starts = below(2), finishes = below(2);
  const size_t input_count = 200 + span;
  const size_t value_stride = shape.taps + below(3), output_stride = span + below(5);
  const size_t output_count = (outputs - 1) * output_stride + span;
  const size_t offset_stride = shares ? 0 : shape.taps + below(3);
  const size_t offset_count = (shape.groups - 1) * offset_stride + shape.taps;
  float *input = random_floats(input_count);
  float *values = random_floats((outputs - 1) * value_stride + shape.taps);
  float *bias = random_floats(outputs), *residual = random_floats(output_count);
  float *before = random_floats(output_count), *output = exactly(output_count * sizeof(float));
  int32_t *mask = random_mask(span);
  int32_t *offsets = exactly(offset_count * sizeof(int32_t));
  // The input begins in the middle, and its last float is read.
  for (size_t i = 0; i < offset_count; i++) offsets[i] = (int32_t)below(201) - 100;
  offsets[below(offset_count)] = 100;
  if (below(4) == 0) input[below(input_count)] = NAN;
  memcpy(output, before, output_count * sizeof(float));
  const crisp_stretch stretch = {
      .input = input + 100,
      .offsets = offsets,
      .offset_stride = offset_stride,
      .values = values,
      .value_stride = value_stride,
      .taps = shape.taps,
      .ahead = below(2) * span,
      .bias = starts ? bias : 0,
      .output = output,
      .output_stride = output_stride,
      .finishes = finishes,
      .residual = below(2) ? residual : 0,
      .residual_stride = output_stride,
      .mask = below(2) ? mask : 0,
      .lower = below(2) ? -0.5f : -INFINITY,
      .upper = below(2) ? 1 : INFINITY,
  };
  kernels->kernels[shape.rows / 2][shape.vectors - 1](&stretch, shape.groups);
  for (size_t row = 0; row < outputs; row++) {
    const int32_t *from = offsets + row / shape.rows * offset_stride;
    const float *factors = values + row * value_stride;
    for (size_t p = 0; p < span; p++) {
      const size_t at = row * output_stride + p;
      double sum = starts ? bias[row] : before[at];
      for (size_t k = 0; k < shape.taps; k++)
        sum += (double)factors[k] * input[100 + from[k] + (ptrdiff_t)p];
      if (finishes) {
        if (stretch.residual) sum += residual[at];
        sum = clamped_sum(sum, stretch.lower, stretch.upper);
        if (stretch.mask && !mask[p]) sum = 0;
      }
      expect_near(output[at], sum, 4 + (double)shape.taps, "a stretch");
    }
    // Nothing between the rows is written.
    for (size_t at = row * output_stride + span; row + 1 < outputs && at < (row + 1) * output_stride; at++)
      expect(!memcmp(output + at, before + at, sizeof(float)), "between a stretch's rows");
  }
  free(input), free(values), free(bias), free(residual), free(before), free(output);
  free(mask), free(offsets);
}

void check_stretches(const crisp_kernels *kernels) {
  static const size_t taps[] = {1, 2, 3, 7, 16, 40};
  for (size_t rows = 1; rows <= 4; rows *= 2)
    for (size_t vectors = 1; vectors <= kernels->widest[rows / 2]; vectors++)
      for (size_t groups = 1; groups <= 9; groups++)
        for (size_t t = 0; t < sizeof taps / sizeof *taps; t++)
          check_stretch(kernels, (stretch_shape){rows, vectors, groups, taps[t]});
}

// A stored value of a row of the matrix.
static float stored_value(const crisp_matrix *matrix, const uint8_t *at, size_t row) {
  float value;
  uint16_t half;
  switch (matrix->value_size) {
    case 1: return *(const int8_t *)at * matrix->scales[row];
    case 2: memcpy(&half, at, sizeof half); return (float)half_value(half);
    default: memcpy(&value, at, sizeof value); return value;
  }
}

static size_t column_of(const crisp_matrix *matrix, size_t tile, size_t row, size_t slot) {
  const size_t slots = matrix->block / 4 * matrix->keep;
  const size_t index = (tile * (matrix->block / matrix->rows) + row / matrix->rows) * slots + slot;
  return slot / matrix->keep * 4 + (matrix->positions[index / 4] >> index % 4 * 2 & 3);
}

static void check_selection(
    const crisp_kernels *kernels, const crisp_matrix *matrix, size_t block_row, size_t first_tile,
    size_t tiles) {
  const size_t slots = matrix->block / 4 * matrix->keep, block_groups = matrix->block / matrix->rows;
  const size_t first_group = below(block_groups), groups = 1 + below(block_groups - first_group);
  const size_t taps = tiles * slots, stride = taps + kernels->lanes + below(3);
  const size_t rows = groups * matrix->rows;
  float *values = filled_floats(rows * stride, UNTOUCHED);
  int32_t *offsets = exactly(groups * stride * sizeof(int32_t));
  const crisp_selection selection = {
      .block_row = block_row,
      .first_tile = first_tile,
      .tiles = tiles,
      .first_group = first_group,
      .groups = groups,
      .panel_stride = below(2) * 48,
      .values = values,
      .offsets = offsets,
      .stride = stride,
  };
  kernels->decode(matrix, &selection);
  for (size_t row = 0; row < rows; row++) {
    for (size_t tap = 0; tap < taps; tap++) {
      const size_t tile = block_row * matrix->kept_tiles + first_tile + tap / slots;
      const size_t in_block = first_group * matrix->rows + row, slot = tap % slots;
      const uint8_t *at =
          matrix->values + ((tile * matrix->block + in_block) * slots + slot) * matrix->value_size;
      const float value = stored_value(matrix, at, block_row * matrix->block + in_block);
      const float found = values[row * stride + tap];
      expect(
          isnan(value) ? isnan(found) : found == value && signbit(found) == signbit(value),
          "a decoded value");
      const size_t column = column_of(matrix, tile, in_block, slot);
      const int32_t offset = selection.panel_stride
          ? (int32_t)((tap / slots * matrix->block + column) * selection.panel_stride)
          : matrix->column_offsets[matrix->block_columns[tile] * matrix->block + column];
      expect(offsets[row / matrix->rows * stride + tap] == offset, "a decoded offset");
    }
  }
  free(values), free(offsets);
}

static void check_pack(const crisp_kernels *kernels, size_t count, size_t vectors) {
  const size_t span = vectors * kernels->lanes, stride = span + below(2) * kernels->lanes;
  float *input = random_floats(100 + span);
  float *panel = filled_floats((count - 1) * stride + span, UNTOUCHED);
  int32_t *offsets = exactly(count * sizeof(int32_t));
  for (size_t i = 0; i < count; i++) offsets[i] = (int32_t)below(101) - 50;
  kernels->pack(input + 50, offsets, count, vectors, panel, stride);
  for (size_t i = 0; i < count * stride; i++) {
    const size_t c = i / stride, p = i % stride;
    if (p < span)
      expect(panel[i] == input[50 + offsets[c] + (ptrdiff_t)p], "a panel");
    else if (c + 1 < count)
      expect(panel[i] == UNTOUCHED, "between a panel's columns");
  }
  free(input), free(panel), free(offsets);
}

void check_decoding(const crisp_kernels *kernels) {
  for (size_t i = 0; i < 3 * 4 * 3 * 3 * 3; i++) {
    const size_t block = (size_t)8 << i % 4;
    const layer_shape shape = {
        .outputs = block * 2 + 1 + below(block - 1),
        .columns = block * 3 + below(block),
        .rows = (size_t)1 << i / 4 % 3,
        .block = block,
        .keep = 1 + i / 12 % 3,
        .value_size = (size_t)1 << i / 36 % 3,
        .order = i / 108,
        .any_halves = 1,
    };
    check_layer layer = packed_layer(shape);
    const size_t kept = layer.matrix.kept_tiles;
    // The last tile ends where the file does.
    for (size_t block_row = 0; block_row < 3; block_row++)
      for (size_t tiles = 1; tiles <= kept && tiles <= 3; tiles++)
        check_selection(kernels, &layer.matrix, block_row, kept - tiles, tiles);
    check_selection(kernels, &layer.matrix, below(3), 0, 1);
    free_layer(&layer);
  }
  for (size_t count = 1; count < 20; count++) check_pack(kernels, count, 1 + below(12));
}
