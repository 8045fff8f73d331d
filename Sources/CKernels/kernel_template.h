// The kernels of one instruction set. The including file defines
//   KERNEL_BYTES   bytes of a vector
//   KERNEL_TARGET  the function attribute that enables the instruction set
//   KERNEL_NAME    a prefix
//   KERNEL_TABLE   the table's name
//   KERNEL_TEXT    the instruction set's name
//   KERNEL_W1, KERNEL_W2, KERNEL_W4  widest kernels, such that accumulators (rows x vectors),
//                  one input vector and the broadcast values fit the registers
// GNU vector extensions keep the arithmetic in one place for all of them.
#include <string.h>

#include "winograd_points.h"

typedef float vector __attribute__((vector_size(KERNEL_BYTES)));
typedef float unaligned __attribute__((vector_size(KERNEL_BYTES), aligned(4), may_alias));
typedef int32_t lanes __attribute__((vector_size(KERNEL_BYTES)));
typedef int32_t unaligned_lanes
    __attribute__((vector_size(KERNEL_BYTES), aligned(4), may_alias));

enum { LANES = KERNEL_BYTES / 4 };

// The sums stay in registers only when every loop over them is gone.
#define UNROLL _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

KERNEL_TARGET INLINE vector splat(float value) { return value - (vector){0}; }

KERNEL_TARGET INLINE lanes splat_lanes(int32_t value) { return value - (lanes){0}; }

KERNEL_TARGET INLINE vector load(const float *from) { return *(const unaligned *)from; }

KERNEL_TARGET INLINE void store(vector value, float *to) { *(unaligned *)to = value; }

INLINE size_t divided_up(size_t count, size_t by) { return (count + by - 1) / by; }

// `chosen` where `condition` is set, else `other`.
KERNEL_TARGET INLINE vector select_lanes(lanes condition, vector chosen, vector other) {
  return (vector)((condition & (lanes)chosen) | (~condition & (lanes)other));
}

KERNEL_TARGET INLINE void store_masked(vector value, const int32_t *mask, float *output) {
  if (mask) value = (vector)((lanes)value & *(const unaligned_lanes *)mask);
  store(value, output);
}

// Written so that a NaN stays one.
KERNEL_TARGET INLINE vector clamp(vector value, vector lower, vector upper) {
  value = select_lanes(value < lower, lower, value);
  return select_lanes(value > upper, upper, value);
}

// Every second float from `from` on. Reads 2 * LANES - 1 floats: a row may end with the last of them.
KERNEL_TARGET INLINE vector every_second(const float *from) {
  const vector a = load(from), b = load(from + LANES - 1);
#if KERNEL_BYTES == 64
  return __builtin_shufflevector(
      a, b, 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31);
#elif KERNEL_BYTES == 32
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 9, 11, 13, 15);
#else
  return __builtin_shufflevector(a, b, 0, 2, 5, 7);
#endif
}

#include "multiply_template.h"
#include "decode_template.h"
#include "depthwise_template.h"
#include "planes_template.h"
#include "pointwise_template.h"
#include "winograd_template.h"

KERNEL_TARGET static size_t peak(size_t steps) {
  // Enough sums for two units of four cycles' latency.
  enum { SUMS = 12 };
  vector sum[SUMS];
  vector factor = splat(0.999f), addend = splat(0.001f);
  UNROLL for (int i = 0; i < SUMS; i++) sum[i] = splat((float)i);
  for (size_t step = 0; step < steps; step++) {
    UNROLL for (int i = 0; i < SUMS; i++) sum[i] = sum[i] * factor + addend;
    // Keeps the compiler from joining rounds.
    __asm__ volatile("" : : : "memory");
  }
  float all = 0;
  UNROLL for (int i = 0; i < SUMS; i++) all += sum[i][0];
  // Always true; keeps the sums.
  return all > -1 ? steps * SUMS * LANES * 2 : 0;
}

const crisp_kernels KERNEL_TABLE = {
    .name = KERNEL_TEXT,
    .lanes = LANES,
    .widest = {KERNEL_W1, KERNEL_W2, KERNEL_W4},
    .kernels = {one_row, two_rows, four_rows},
    .decode = decode,
    .pack = pack,
    .depthwise = depthwise,
    .depthwise_strided = depthwise_strided,
    .dot = dot,
    .activate = activate,
    .product = product,
    .pool = pool,
    .pick = pick_cells,
    .split = split,
    .take_row = take_row,
    .to_points = to_points,
    .from_points = from_points,
    .peak = peak,
};
