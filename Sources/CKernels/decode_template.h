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

// Bytes ahead at which weights are fetched.
enum { FETCH_AHEAD = 2048 };

// LANES values of 4, 2 or 1 bytes from an address that need not be aligned.
KERNEL_TARGET INLINE vector load_values(const uint8_t *from, size_t value_size) {
  if (value_size == sizeof(float)) {
    vector values;
    memcpy(&values, from, sizeof values);
    return values;
  }
  if (value_size == sizeof(int8_t)) {
#ifdef KERNEL_LOAD_BYTES
    return KERNEL_LOAD_BYTES(from);
#else
    int8_t bytes[LANES];
    memcpy(bytes, from, sizeof bytes);
    vector whole;
    for (int i = 0; i < LANES; i++) whole[i] = bytes[i];
    return whole;
#endif
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

// The two-bit positions of slots from `bit` on, in the lowest bits; enough for a vector.
INLINE uint32_t position_bits(const crisp_matrix *matrix, size_t bit) {
  uint64_t bits = 0;
  const size_t byte = bit / 8, left = matrix->position_bytes - byte;
  // Almost always the first, whose length the compiler knows.
  if (left >= sizeof bits) {
    memcpy(&bits, matrix->positions + byte, sizeof bits);
  } else {
    memcpy(&bits, matrix->positions + byte, left);
  }
  return (uint32_t)(bits >> bit % 8);
}

KERNEL_TARGET INLINE lanes lane_numbers(void) {
  lanes numbers;
  UNROLL for (int i = 0; i < LANES; i++) numbers[i] = i;
  return numbers;
}

// The columns of LANES slots whose two-bit positions are the lowest of `bits`.
KERNEL_TARGET INLINE lanes columns_of(const int32_t *first_columns, uint32_t bits) {
  const lanes shift = lane_numbers() * 2;
  return *(const unaligned_lanes *)first_columns + ((splat_lanes((int32_t)bits) >> shift) & 3);
}

// The same from whole bytes, at least four of which are there.
INLINE uint32_t whole_bits(const uint8_t *positions) {
  uint32_t bits;
  memcpy(&bits, positions, sizeof bits);
  return bits;
}

// Whether `bits` bits from `bit` on, and what a vector reads beyond them, are there in whole bytes.
INLINE int has_whole_bits(const crisp_matrix *matrix, size_t slots, size_t bit, size_t bits) {
  return slots % LANES == 0 && (bit + bits) / 8 + sizeof(uint32_t) <= matrix->position_bytes;
}

// The values of a selection. Tiles come in the file's order, which the processor then fetches ahead.
// What is written beyond a row's slots is overwritten by the next tile, or lies behind the taps.
KERNEL_TARGET INLINE void decode_values(
    const crisp_matrix *matrix, const crisp_selection *selection, const size_t value_size) {
  const size_t rows = selection->groups * matrix->rows, slots = matrix->block / 4 * matrix->keep;
  const size_t tile0 = selection->block_row * matrix->kept_tiles + selection->first_tile;
  const size_t first_row = selection->first_group * matrix->rows, stride = selection->stride;
  const int scaled = value_size == sizeof(int8_t);
  const float *scales =
      scaled ? matrix->scales + selection->block_row * matrix->block + first_row : 0;
  const uint8_t *end = matrix->values + matrix->value_count * value_size;
  const uint8_t *from =
      matrix->values + (tile0 * matrix->block + first_row) * slots * value_size;
  for (size_t tile = 0; tile < selection->tiles; tile++) {
    float *to = selection->values + tile * slots;
    const uint8_t *source = from + tile * matrix->block * slots * value_size;
    // The last vectors of a file's last rows reach beyond it.
    const int all = end - source >= (ptrdiff_t)((rows * slots + LANES) * value_size);
    if (all && slots == LANES) {
      for (size_t row = 0; row < rows; row++) {
        // The processor's own fetching ahead stops at the end of every page.
        __builtin_prefetch(source + FETCH_AHEAD);
        const vector loaded = load_values(source, value_size);
        store(scaled ? loaded * splat(scales[row]) : loaded, to);
        source += LANES * value_size;
        to += stride;
      }
      continue;
    }
    for (size_t row = 0; row < rows; row++) {
      for (size_t slot = 0; slot < slots; slot += LANES) {
        const uint8_t *at = source + slot * value_size;
        uint8_t rest[LANES * sizeof(float)];
        if (!all && end - at < (ptrdiff_t)(LANES * value_size)) {
          memset(rest, 0, sizeof rest);
          memcpy(rest, at, end - at);
          at = rest;
        }
        __builtin_prefetch(at + FETCH_AHEAD);
        const vector loaded = load_values(at, value_size);
        store(scaled ? loaded * splat(scales[row]) : loaded, to + slot);
      }
      source += slots * value_size;
      to += stride;
    }
  }
}

KERNEL_TARGET static void decode(const crisp_matrix *matrix, const crisp_selection *selection) {
  if (matrix->value_size == sizeof(float)) {
    decode_values(matrix, selection, sizeof(float));
  } else if (matrix->value_size == sizeof(uint16_t)) {
    decode_values(matrix, selection, sizeof(uint16_t));
  } else {
    decode_values(matrix, selection, sizeof(int8_t));
  }
  const size_t block = matrix->block, slots = block / 4 * matrix->keep;
  const size_t groups = block / matrix->rows;
  const size_t tile0 = selection->block_row * matrix->kept_tiles + selection->first_tile;
  const int32_t *first_columns = first_columns_of[matrix->keep - 1];
  for (size_t tile = 0; tile < selection->tiles; tile++) {
    const size_t block_column = matrix->block_columns[tile0 + tile];
    const int32_t *table = matrix->column_offsets + block_column * block;
    int32_t base = table[0], stride = matrix->column_strides[block_column];
    if (selection->panel_stride) {
      stride = (int32_t)selection->panel_stride;
      base = (int32_t)(tile * block) * stride;
    }
    size_t bit = ((tile0 + tile) * groups + selection->first_group) * slots * 2;
    int32_t *offsets = selection->offsets + tile * slots;
    if (stride && has_whole_bits(matrix, slots, bit, selection->groups * slots * 2)) {
      const uint8_t *positions = matrix->positions + bit / 8;
      for (size_t group = 0; group < selection->groups; group++) {
        for (size_t slot = 0; slot < slots; slot += LANES, positions += LANES / 4)
          *(unaligned_lanes *)(offsets + slot) =
              columns_of(first_columns + slot, whole_bits(positions)) * stride + base;
        offsets += selection->stride;
      }
      continue;
    }
    for (size_t group = 0; group < selection->groups; group++) {
      for (size_t slot = 0; slot < slots; slot += LANES) {
        const lanes column =
            columns_of(first_columns + slot, position_bits(matrix, bit + 2 * slot));
        lanes offset = column * stride + base;
        if (!stride) {
          // A slot beyond the tile is overwritten.
          UNROLL for (int i = 0; i < LANES; i++)
            offset[i] = (size_t)column[i] < block ? table[column[i]] : 0;
        }
        *(unaligned_lanes *)(offsets + slot) = offset;
      }
      bit += slots * 2;
      offsets += selection->stride;
    }
  }
}

#ifndef KERNEL_GATHER
// from[column] for each of `count` lanes; columns are below 64.
#define KERNEL_GATHER gather
KERNEL_TARGET INLINE vector gather(const float *from, lanes columns, size_t keep, size_t count) {
  (void)keep;
  vector values = splat(0);
  for (size_t i = 0; i < count; i++) values[i] = from[columns[i]];
  return values;
}
#endif

KERNEL_TARGET INLINE void dot_sized(
    const crisp_matrix *matrix, size_t block_row, size_t first_row, size_t rows,
    const float *gathered, float *sums, const size_t size) {
  const size_t block = matrix->block, keep = matrix->keep, slots = block / 4 * keep;
  const size_t group_rows = matrix->rows, groups = block / group_rows;
  const size_t tile0 = block_row * matrix->kept_tiles;
  const int32_t *first_columns = first_columns_of[keep - 1];
  vector sum[64];
  for (size_t row = 0; row < rows; row++) sum[row] = splat(0);
  // Tiles in the file's order, which the processor then fetches ahead.
  for (size_t tile = tile0; tile < tile0 + matrix->kept_tiles; tile++) {
    const float *x = gathered + matrix->block_columns[tile] * block;
    const uint8_t *values = matrix->values + (tile * block + first_row) * slots * size;
    size_t bit = (tile * groups + first_row / group_rows) * slots * 2;
    if (has_whole_bits(matrix, slots, bit, divided_up(rows, group_rows) * slots * 2)) {
      const uint8_t *positions = matrix->positions + bit / 8;
      for (size_t row = 0; row < rows; row += group_rows) {
        const size_t members = rows - row < group_rows ? rows - row : group_rows;
        for (size_t slot = 0; slot < slots; slot += LANES, positions += LANES / 4) {
          const int32_t first = first_columns[slot];
          const lanes columns =
              columns_of(first_columns + slot, whole_bits(positions)) - first;
          const vector in = KERNEL_GATHER(x + first, columns, keep, LANES);
          const uint8_t *from = values + (row * slots + slot) * size;
          for (size_t r = 0; r < members; r++, from += slots * size) {
            __builtin_prefetch(from + FETCH_AHEAD);
            sum[row + r] += load_values(from, size) * in;
          }
        }
      }
      continue;
    }
    for (size_t row = 0; row < rows; row += group_rows, bit += slots * 2) {
      const size_t members = rows - row < group_rows ? rows - row : group_rows;
      for (size_t slot = 0; slot < slots; slot += LANES) {
        const size_t count = slots - slot < LANES ? slots - slot : LANES;
        const int32_t first = first_columns[slot];
        const lanes columns =
            columns_of(first_columns + slot, position_bits(matrix, bit + 2 * slot)) - first;
        const vector in = KERNEL_GATHER(x + first, columns, keep, count);
        const uint8_t *from = values + (row * slots + slot) * size;
        for (size_t r = 0; r < members; r++, from += slots * size) {
          // What the next row or nobody owns is multiplied by zero.
          uint8_t rest[LANES * sizeof(float)] = {0};
          memcpy(rest, from, count * size);
          sum[row + r] += load_values(rest, size) * in;
        }
      }
    }
  }
  for (size_t row = 0; row < rows; row++) {
    float total = 0;
    for (int i = 0; i < LANES; i++) total += sum[row][i];
    if (size == sizeof(int8_t)) total *= matrix->scales[block_row * block + first_row + row];
    sums[row] = total;
  }
}

KERNEL_TARGET static void dot(
    const crisp_matrix *matrix, size_t block_row, size_t first_row, size_t rows,
    const float *gathered, float *sums) {
  if (matrix->value_size == sizeof(float)) {
    dot_sized(matrix, block_row, first_row, rows, gathered, sums, sizeof(float));
  } else if (matrix->value_size == sizeof(uint16_t)) {
    dot_sized(matrix, block_row, first_row, rows, gathered, sums, sizeof(uint16_t));
  } else {
    dot_sized(matrix, block_row, first_row, rows, gathered, sums, sizeof(int8_t));
  }
}
