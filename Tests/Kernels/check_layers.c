// Random layers for the checks.
#include <stdlib.h>
#include <string.h>

#include "check.h"

// Where every column begins. Columns beyond the matrix read the first input.
static int32_t *column_offsets(check_layer *layer, layer_shape shape, size_t padded) {
  int32_t *offsets = exactly(padded * sizeof(int32_t));
  int32_t least = 0, most = 0;
  const int32_t stride = 16 * (1 + (int32_t)below(4)) + (int32_t)below(2);
  const size_t channels = shape.columns > 9 ? shape.columns / 3 : shape.columns;
  for (size_t c = 0; c < padded; c++) {
    const int32_t channel = (int32_t)(c % channels), tap = (int32_t)(c / channels);
    int32_t offset = (int32_t)c * stride;
    if (shape.order == TAPS) offset = channel * stride + (tap - 1) * 3;
    if (shape.order == SCATTERED) offset = (int32_t)below(2000) - 500;
    if (c >= shape.columns) offset = 0;
    offsets[c] = offset;
    if (offset < least) least = offset;
    if (offset > most) most = offset;
  }
  layer->before = (size_t)-least;
  layer->beyond = (size_t)most;
  return offsets;
}

static int32_t *column_strides(const int32_t *offsets, layer_shape shape, size_t blocks) {
  int32_t *strides = exactly(blocks * sizeof(int32_t));
  for (size_t b = 0; b < blocks; b++) {
    const int32_t *first = offsets + b * shape.block;
    strides[b] = (b + 1) * shape.block <= shape.columns ? first[1] - first[0] : 0;
    for (size_t c = 1; c < shape.block; c++)
      if (first[c] - first[c - 1] != strides[b]) strides[b] = 0;
  }
  return strides;
}

// `keep` ascending numbers below four.
static void random_positions(size_t keep, uint8_t *to) {
  size_t chosen = 0;
  for (uint8_t number = 0; number < 4; number++)
    if (below(4u - number) < keep - chosen) to[chosen++] = number;
}

check_layer packed_layer(layer_shape shape) {
  check_layer layer = {.padded_outputs = rounded_up(shape.outputs, shape.rows)};
  const size_t block = shape.block, keep = shape.keep, slots = block / 4 * keep;
  const size_t block_rows = (shape.outputs + block - 1) / block;
  const size_t blocks = (shape.columns + block - 1) / block;
  const size_t kept = 1 + below(blocks), tiles = block_rows * kept;
  const size_t value_count = tiles * block * slots;
  const size_t position_bytes = tiles * (block / shape.rows) * slots / 4;
  int32_t *offsets = column_offsets(&layer, shape, blocks * block);
  int32_t *strides = column_strides(offsets, shape, blocks);
  // One byte off every alignment.
  // [output, rounded up to whole blocks].
  float *scales = random_floats(block_rows * block);
  // Weights of the same size as otherwise.
  for (size_t row = 0; row < block_rows * block; row++) scales[row] /= 127;
  uint8_t *value_memory = exactly(1 + value_count * shape.value_size);
  uint8_t *position_memory = exactly(1 + position_bytes);
  uint8_t *values = value_memory + 1, *positions = position_memory + 1;
  memset(positions, 0, position_bytes);
  uint16_t *block_columns = exactly(tiles * sizeof(uint16_t));
  layer.weights = filled_floats(layer.padded_outputs * shape.columns, 0);
  for (size_t tile = 0; tile < tiles; tile++) {
    // Ascending within a block row.
    const size_t index = tile % kept, spare = blocks - kept;
    const size_t before = index ? block_columns[tile - 1] + 1u : 0;
    block_columns[tile] = (uint16_t)(before + below(spare + index + 1 - before));
    for (size_t row = 0; row < block; row++) {
      const size_t output = tile / kept * block + row;
      uint8_t chosen[4] = {0};
      for (size_t slot = 0; slot < slots; slot++) {
        const size_t bit =
            ((tile * (block / shape.rows) + row / shape.rows) * slots + slot) * 2;
        if (row % shape.rows == 0) {
          if (slot % keep == 0) random_positions(keep, chosen);
          positions[bit / 8] |= (uint8_t)(chosen[slot % keep] << bit % 8);
        }
        const size_t position = positions[bit / 8] >> bit % 8 & 3;
        const size_t column = block_columns[tile] * block + slot / keep * 4 + position;
        const int inside = output < shape.outputs && column < shape.columns;
        uint8_t *at = values + ((tile * block + row) * slots + slot) * shape.value_size;
        float value = uniform();
        if (shape.value_size == 1) {
          const int8_t whole = (int8_t)(inside ? (int)below(255) - 127 : 0);
          memcpy(at, &whole, sizeof whole);
          value = whole * scales[output];
        } else if (shape.value_size == 2) {
          uint16_t half = (uint16_t)below(1 << 16);
          // Below two, subnormal numbers and zeros of both signs among them.
          if (!shape.any_halves) half &= 0xbfff;
          if (!inside) half = 0;
          memcpy(at, &half, sizeof half);
          value = (float)half_value(half);
        } else {
          if (!inside) value = 0;
          memcpy(at, &value, sizeof value);
        }
        if (inside) layer.weights[output * shape.columns + column] = value;
      }
    }
  }
  float *bias = random_floats(layer.padded_outputs);
  layer.matrix = (crisp_matrix){
      .outputs = shape.outputs,
      .columns = shape.columns,
      .rows = shape.rows,
      .bias = bias,
      .column_offsets = offsets,
      .divisions = 1,
      .block = block,
      .keep = keep,
      .kept_tiles = kept,
      .values = values,
      .value_size = shape.value_size,
      .value_count = value_count,
      .scales = scales,
      .block_columns = block_columns,
      .positions = positions,
      .position_bytes = position_bytes,
      .column_strides = strides,
  };
  void *memory[] = {bias, offsets, strides, value_memory, position_memory, block_columns,
                    layer.weights, scales};
  memcpy(layer.memory, memory, sizeof memory);
  return layer;
}

check_layer dense_layer(layer_shape shape, size_t divisions) {
  check_layer layer = {.padded_outputs = rounded_up(shape.outputs, shape.rows)};
  int32_t *offsets = column_offsets(&layer, shape, shape.columns);
  float *bias = random_floats(layer.padded_outputs);
  layer.weights = random_floats(layer.padded_outputs * shape.columns);
  layer.matrix = (crisp_matrix){
      .outputs = shape.outputs,
      .columns = shape.columns,
      .rows = shape.rows,
      .bias = bias,
      .column_offsets = offsets,
      .dense = layer.weights,
      .divisions = divisions,
      .division_stride = 1 + below(100),
  };
  layer.beyond += (divisions - 1) * layer.matrix.division_stride;
  void *memory[] = {bias, offsets, layer.weights};
  memcpy(layer.memory, memory, sizeof memory);
  return layer;
}

void free_layer(check_layer *layer) {
  for (size_t i = 0; i < sizeof layer->memory / sizeof *layer->memory; i++)
    free(layer->memory[i]);
}
