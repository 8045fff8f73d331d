// From the packed file's order and widths to what the kernels read; a part of kernel_template.h.
// It happens for a few tiles at a time, into the first-level cache, so that a session needs no
// second copy of the weights.

// A half's bits as a float, exactly; infinities and NaNs stay what they are.
INLINE float widened(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7fff;
  if (rest >= 0x7c00) {
    const uint32_t bits = sign | 0x7f800000 | (rest & 0x3ff) << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  // The exponent's bias differs by 112; multiplying also makes subnormal halves normal.
  const uint32_t bits = rest << 13;
  float value;
  memcpy(&value, &bits, sizeof value);
  value *= 0x1p112f;
  return sign ? -value : value;
}

// LANES values of 4 or 2 bytes from an address that need not be aligned.
KERNEL_TARGET INLINE vector load_values(const uint8_t *from, size_t value_size) {
  if (value_size == sizeof(float)) {
    vector values;
    memcpy(&values, from, sizeof values);
    return values;
  }
#ifdef KERNEL_LOAD_HALVES
  return KERNEL_LOAD_HALVES(from);
#else
  uint16_t halves[LANES];
  memcpy(halves, from, sizeof halves);
  vector values;
  for (int i = 0; i < LANES; i++) values[i] = widened(halves[i]);
  return values;
#endif
}

// `count` values; whole vectors are written, and read where they exist.
KERNEL_TARGET INLINE void decode_values(
    const uint8_t *from, const uint8_t *end, size_t value_size, size_t count, float *to) {
  for (size_t i = 0; i < count; i += LANES) {
    const uint8_t *source = from + i * value_size;
    if (source + LANES * value_size <= end) {
      store(load_values(source, value_size), to + i);
    } else {
      uint8_t rest[LANES * sizeof(float)] = {0};
      memcpy(rest, source, end - source);
      store(load_values(rest, value_size), to + i);
    }
  }
}

// The two-bit positions of slots from `bit` on, in the lowest bits; enough for a vector.
INLINE uint32_t position_bits(const crisp_matrix *matrix, size_t bit) {
  uint64_t bits = 0;
  const size_t byte = bit / 8, left = matrix->position_bytes - byte;
  memcpy(&bits, matrix->positions + byte, left < sizeof bits ? left : sizeof bits);
  return (uint32_t)(bits >> bit % 8);
}

// Slots of a row of the largest block, 48, rounded up to whole vectors.
enum { MOST_SLOTS = 64 };

// The first column of each slot's group of four.
INLINE void list_first_columns(size_t keep, int32_t first_columns[MOST_SLOTS]) {
  for (size_t slot = 0; slot < MOST_SLOTS; slot++) first_columns[slot] = (int32_t)(slot / keep * 4);
}

KERNEL_TARGET INLINE lanes lane_numbers(void) {
  lanes numbers;
  UNROLL for (int i = 0; i < LANES; i++) numbers[i] = i;
  return numbers;
}

KERNEL_TARGET static void decode(const crisp_matrix *matrix, const crisp_selection *selection) {
  const size_t rows = matrix->rows, block = matrix->block, keep = matrix->keep;
  const size_t slots = block / 4 * keep, groups = block / rows;
  const size_t taps = selection->tiles * slots;
  const size_t tile0 = selection->block_row * matrix->kept_tiles + selection->first_tile;
  const size_t block_rows = (matrix->outputs + block - 1) / block;
  const uint8_t *end =
      matrix->values + block_rows * matrix->kept_tiles * block * slots * matrix->value_size;

  // Rows one after the other, tiles in order: what is written beyond a row's slots is overwritten.
  for (size_t row = 0; row < selection->groups * rows; row++) {
    for (size_t tile = 0; tile < selection->tiles; tile++) {
      const size_t first =
          ((tile0 + tile) * block + selection->first_group * rows + row) * slots;
      decode_values(
          matrix->values + first * matrix->value_size, end, matrix->value_size, slots,
          selection->values + row * taps + tile * slots);
    }
  }

  const lanes number = lane_numbers(), shift = number * 2;
  int32_t first_columns[MOST_SLOTS];
  list_first_columns(keep, first_columns);
  for (size_t group = 0; group < selection->groups; group++) {
    for (size_t tile = 0; tile < selection->tiles; tile++) {
      int32_t *offsets = selection->offsets + group * taps + tile * slots;
      const size_t bit =
          ((tile0 + tile) * groups + selection->first_group + group) * slots * 2;
      const size_t block_column = matrix->block_columns[tile0 + tile];
      const int32_t *table = matrix->column_offsets + block_column * block;
      int32_t base = table[0], stride = matrix->column_strides[block_column];
      if (selection->panel_stride) {
        stride = (int32_t)selection->panel_stride;
        base = (int32_t)(tile * block) * stride;
      }
      for (size_t slot = 0; slot < slots; slot += LANES) {
        const lanes bits = splat_lanes((int32_t)position_bits(matrix, bit + 2 * slot));
        const lanes column =
            *(const unaligned_lanes *)(first_columns + slot) + ((bits >> shift) & 3);
        lanes offset = column * stride + base;
        if (!stride) UNROLL for (int i = 0; i < LANES; i++) offset[i] = table[column[i]];
        *(unaligned_lanes *)(offsets + slot) = offset;
      }
    }
  }
}

#ifndef KERNEL_GATHER
// from[column] for each of `count` lanes; columns are below 64.
#define KERNEL_GATHER gather
KERNEL_TARGET INLINE vector gather(const float *from, lanes columns, size_t keep, size_t count) {
  vector values = splat(0);
  for (size_t i = 0; i < count; i++) values[i] = from[columns[i]];
  return values;
}
#endif

KERNEL_TARGET static void dot(
    const crisp_matrix *matrix, size_t block_row, size_t first_row, size_t rows,
    const float *gathered, float *sums) {
  const size_t block = matrix->block, keep = matrix->keep, slots = block / 4 * keep;
  const size_t groups = block / matrix->rows, size = matrix->value_size;
  const size_t tile0 = block_row * matrix->kept_tiles;
  const lanes shift = lane_numbers() * 2;
  int32_t first_columns[MOST_SLOTS];
  list_first_columns(keep, first_columns);
  for (size_t row = first_row; row < first_row + rows; row++) {
    vector sum = splat(0);
    for (size_t tile = tile0; tile < tile0 + matrix->kept_tiles; tile++) {
      const float *x = gathered + matrix->block_columns[tile] * block;
      const size_t bit = (tile * groups + row / matrix->rows) * slots * 2;
      const uint8_t *values = matrix->values + (tile * block + row) * slots * size;
      for (size_t slot = 0; slot < slots; slot += LANES) {
        const size_t count = slots - slot < LANES ? slots - slot : LANES;
        const lanes bits = splat_lanes((int32_t)position_bits(matrix, bit + 2 * slot));
        const int32_t first = first_columns[slot];
        const lanes columns =
            *(const unaligned_lanes *)(first_columns + slot) - first + ((bits >> shift) & 3);
        uint8_t rest[LANES * sizeof(float)];
        const uint8_t *from = values + slot * size;
        if (count < LANES) {
          // What the next row or nobody owns is multiplied by zero.
          memset(rest, 0, sizeof rest);
          memcpy(rest, from, count * size);
          from = rest;
        }
        sum += load_values(from, size) * KERNEL_GATHER(x + first, columns, keep, count);
      }
    }
    float total = 0;
    for (int i = 0; i < LANES; i++) total += sum[i];
    sums[row - first_row] = total;
  }
}
